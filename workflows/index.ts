/** The bundle's entry: every workflow type. */
export { journal } from './messages.ts';
