import fs from 'node:fs';
import path from 'node:path';

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // the process ended, or is not ours to look at
  }
};

/** Processes that were started for a folder: it is their home, or they were told about it. Found by looking at all, not by asking the playground. */
export function processesOf(dir: string): readonly number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => `${read(`/proc/${pid}/environ`)}\0${read(`/proc/${pid}/cmdline`)}`.includes(dir))
    .map(Number);
}

const LISTENING = '0A';

/** Addresses on which a process listens, as `address:port`, the address in the kernel's hexadecimal spelling. */
export function listenersOf(pid: number): readonly { readonly address: string; readonly port: number }[] {
  const fds = path.join('/proc', String(pid), 'fd');
  const inodes = new Set(
    fs.readdirSync(fds).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(path.join(fds, fd)))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((protocol) =>
    read(`/proc/net/${protocol}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === LISTENING && inodes.has(inode ?? ''))
      .map(([, local = '']) => ({ address: local.split(':')[0] ?? '', port: Number.parseInt(local.split(':')[1] ?? '', 16) })),
  );
}

/** 127.0.0.1 and ::1 in the kernel's spelling, the former also inside IPv6. */
export const LOOPBACK: readonly string[] = ['0100007F', '0000000000000000FFFF00000100007F', '00000000000000000000000001000000'];
