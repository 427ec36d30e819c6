/** The bundle's entry: every workflow type. */
export {};
