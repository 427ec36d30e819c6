import http from 'node:http';

/** What is looked at of a LIST's answer. */
export interface ListSize {
  readonly flavors: number;
  readonly more: string | string[] | undefined;
}

/** Asks for a list and reads it to its end; parsing it is not part of the time that it takes: that is the caller's. */
export const askForList = (url: string, agent: http.Agent): Promise<ListSize> =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 || answer.statusCode === 204
          ? resolve({ flavors: countIn(Buffer.concat(parts), '"flavorID"'), more: answer.headers['rearguard-more'] })
          : reject(new Error(`LIST answers ${answer.statusCode}`)),
      );
    });
    request.on('error', reject);
  });

function countIn(bytes: Buffer, word: string): number {
  let count = 0;
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + word.length)) count += 1;
  return count;
}
