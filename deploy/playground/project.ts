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

const isSource = import.meta.filename.endsWith('.ts');

/** The build that this runs from; under the test runner, which runs the sources, the newest. */
export const buildRoot = (): string => (isSource ? path.join(projectRoot(), 'dist') : path.resolve(import.meta.dirname, '../..'));

/**
 * A script that runs as a process of its own; Node 20 cannot run TypeScript, so it has to be compiled first. A build that is older than the sources
 * is refused: tests run the sources, and a helper process of another version would not understand them.
 */
export function compiled(script: string): string {
  const file = path.join(buildRoot(), 'deploy/playground', script);
  const remedy = 'run `npm run build` first, the playground starts its helper processes from dist/';
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: ${remedy}`);
  if (!isSource) return file;
  const built = fs.statSync(path.join(buildRoot(), 'built')).mtimeMs;
  const sources = path.join(projectRoot(), 'deploy/playground');
  const newer = fs.readdirSync(sources).find((name) => name.endsWith('.ts') && fs.statSync(path.join(sources, name)).mtimeMs > built);
  if (newer) throw new Error(`${file} is older than ${newer}: ${remedy}`);
  return file;
}
