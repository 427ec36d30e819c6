/** How a bystander connects to a database that was handed over, against our own real one: by a way as to a pod, with the right credentials and with wrong ones. */
import net from 'node:net';
import { expect, inject, test } from 'vitest';
import { askPostgres, openWay } from '../../deploy/demo/connecting.ts';

const { hostname, port, username, password, pathname } = new URL(inject('databases').url);
const LOGIN = { username, password: decodeURIComponent(password), database: pathname.slice(1) };
/** What the API server of a cluster does for a pod. */
const toDatabase = async (socket: net.Socket): Promise<() => void> => {
  const there = net.connect(Number(port), hostname);
  there.on('error', () => socket.destroy());
  socket.pipe(there).pipe(socket);
  return () => void there.destroy();
};

test('the right credentials are let in, and no others', async () => {
  const way = await openWay(toDatabase);
  try {
    expect(await askPostgres({ ...LOGIN, way })).toBe('let in');
    expect(await askPostgres({ ...LOGIN, way, password: `${LOGIN.password}x` })).toBe('refused');
    expect(await askPostgres({ ...LOGIN, way, username: 'nobody' })).toBe('refused');
    await expect(askPostgres({ ...LOGIN, way, database: 'none' })).rejects.toThrow(/database "none" does not exist/);
  } finally {
    await way.close();
  }
  await expect(askPostgres({ ...LOGIN, way }, 500)).rejects.toThrow('ECONNREFUSED');
});

test('a way that leads nowhere is told, and is not taken for a refusal', async () => {
  const way = await openWay(() => Promise.reject(new Error('no such pod')));
  try {
    await expect(askPostgres({ ...LOGIN, way }, 500)).rejects.toThrow('does not answer within 500 ms: no such pod');
  } finally {
    await way.close();
  }
});
