/** What an API server answers to calls of which some are refused. */
import { isRefused } from '../../src/adapters/kubernetes/faults.ts';

/** The refusal of a call; `undefined` when it was taken. What fails otherwise is thrown: that is no answer. */
async function refusalOf(call: Promise<unknown>): Promise<{ readonly status: number; readonly message: string } | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (isRefused(error)) return error;
    throw error;
  }
}

/** 200 stands for whatever was taken. */
export const statusOf = async (call: Promise<unknown>): Promise<number> => (await refusalOf(call))?.status ?? 200;

/** `written`, or status and words of the refusal. */
export async function answerOf(call: Promise<unknown>): Promise<string> {
  const refusal = await refusalOf(call);
  return refusal ? `${refusal.status} ${refusal.message}` : 'written';
}
