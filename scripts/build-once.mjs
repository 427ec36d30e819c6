// Keeps each build in a folder of its own, named after what it was made from; `dist` is a link to the newest. So two commands in one clone build
// once, a command that is under way goes on with the build that it began with, and an unchanged one costs nothing.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The latest that somebody may still load a part of a build, or fill it, once it is no longer the newest. */
const KEEP_MS = 24 * 3_600_000;
/** A build takes 15 s on two busy cores. Whoever waits longer builds for itself: waiting spares work, nothing depends on it. */
const WAIT_MS = 120_000;

const filesUnder = (at) =>
  fs.statSync(at).isDirectory()
    ? fs
        .readdirSync(at)
        .toSorted()
        .flatMap((name) => filesUnder(path.join(at, name)))
    : [at];

/** What the content of these files and folders comes to; of folders, only files that `wanted` takes. */
export function hashOf(root, sources, wanted) {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of filesUnder(path.join(root, source))) {
      const name = path.relative(root, file);
      if (name !== source && !wanted.test(name)) continue;
      const content = fs.readFileSync(file);
      hash.update(`${name} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Whether another process makes this build right now. */
const madeByAnother = (builds, hash) =>
  fs
    .readdirSync(builds)
    .map((name) => name.split('.part-'))
    .some(([of, pid]) => of === hash && pid !== undefined && Number(pid) !== process.pid && alive(Number(pid)));

/** Renaming over a link swaps it in one step; what stood there as a folder (a package's, or an older layout's) is put aside first. */
function point(link, target, aside) {
  const now = fs.lstatSync(link, { throwIfNoEntry: false });
  if (now?.isSymbolicLink() && fs.readlinkSync(link) === target) return;
  if (now && !now.isSymbolicLink()) fs.renameSync(link, aside);
  else if (now && fs.existsSync(link)) fs.utimesSync(fs.realpathSync(link), new Date(), new Date());
  const part = `${link}.part-${process.pid}`;
  fs.rmSync(part, { force: true });
  fs.symlinkSync(target, part);
  fs.renameSync(part, link);
}

/**
 * Answers whether it had to build. `make(folder)` fills a folder that nobody else sees; it is seen only when it is whole, and when the sources are
 * still what they were. `dist/built` is as old as the newest look at which `dist` was that of the sources.
 */
export async function buildOnce({ root, sources, wanted, make }) {
  const builds = path.join(root, '.dist');
  fs.mkdirSync(builds, { recursive: true });
  const until = Date.now() + WAIT_MS;
  let made = false;
  for (;;) {
    const began = new Date();
    const hash = hashOf(root, sources, wanted);
    const folder = path.join(builds, hash);
    if (!fs.existsSync(folder)) {
      if (Date.now() < until && madeByAnother(builds, hash)) {
        await pause(100);
        continue;
      }
      const part = `${folder}.part-${process.pid}`;
      try {
        fs.rmSync(part, { recursive: true, force: true });
        fs.mkdirSync(part);
        await make(part);
        made = true;
        fs.writeFileSync(path.join(part, 'built'), '');
        if (hashOf(root, sources, wanted) !== hash) continue;
        if (!fs.existsSync(folder)) fs.renameSync(part, folder);
      } finally {
        fs.rmSync(part, { recursive: true, force: true });
      }
    }
    fs.utimesSync(path.join(folder, 'built'), began, began);
    point(path.join(root, 'dist'), path.join('.dist', hash), path.join(builds, `aside-${process.pid}-${Date.now()}`));
    removeOld(builds, hash);
    return made;
  }
}

function removeOld(builds, hash) {
  for (const name of fs.readdirSync(builds)) {
    const folder = path.join(builds, name);
    const changed = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (name !== hash && Date.now() - changed > KEEP_MS) fs.rmSync(folder, { recursive: true, force: true });
  }
}
