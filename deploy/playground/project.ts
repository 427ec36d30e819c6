import fs from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json, whether this runs from TypeScript under the test runner or from dist/. */
export function projectRoot(): string {
  let dir = import.meta.dirname;
  while (!fs.existsSync(path.join(dir, 'package.json'))) {
    const parent = path.dirname(dir);
    if (parent === dir) throw new Error(`no package.json above ${import.meta.dirname}`);
    dir = parent;
  }
  return dir;
}

/** A folder of deploy/playground that is not TypeScript: Go modules, values, manifests. */
export const assets = (name: string): string => path.join(projectRoot(), 'deploy/playground', name);

/**
 * A script that runs as a process of its own; Node 20 cannot run TypeScript, so it has to be compiled first. One that is older than its sources is
 * refused: tests run the sources, and a helper process of another version would not understand them.
 */
export function compiled(script: string): string {
  const file = path.join(projectRoot(), 'dist/deploy/playground', script);
  const remedy = 'run `npm run build` first, the playground starts its helper processes from dist/';
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: ${remedy}`);
  const built = fs.statSync(file).mtimeMs;
  const sources = path.join(projectRoot(), 'deploy/playground');
  const newer = fs.readdirSync(sources).find((name) => name.endsWith('.ts') && fs.statSync(path.join(sources, name)).mtimeMs > built);
  if (newer) throw new Error(`${file} is older than ${newer}: ${remedy}`);
  return file;
}
