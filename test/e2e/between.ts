import http from 'node:http';

/** Somebody between a seller and its buyers, who loses an answer when told to: what was asked has taken effect, and the buyer does not learn it. */
export interface Between {
  /** `host:port` that the seller announces. */
  readonly address: string;
  /** Loses the answer of the next request whose path matches; answers how many were lost so far. */
  loseAnswerOf(path: RegExp): void;
  lost(): number;
  stop(): Promise<void>;
}

export async function standBetween(target: string): Promise<Between> {
  let losing: RegExp | undefined;
  let lost = 0;
  const server = http.createServer((request, response) => {
    const [host, port] = target.split(':');
    const lose = losing?.test(request.url ?? '') ?? false;
    if (lose) losing = undefined;
    const onward = http.request({ host, port, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      if (lose) {
        answer.resume().once('end', () => {
          lost += 1;
          request.socket.destroy();
        });
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.once('error', () => request.socket.destroy());
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  return {
    address: `127.0.0.1:${place.port}`,
    loseAnswerOf(path) {
      losing = path;
    },
    lost: () => lost,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
