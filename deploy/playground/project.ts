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

/** A script that runs as a process of its own; Node 20 cannot run TypeScript, so it has to be compiled first. */
export function compiled(script: string): string {
  const file = path.join(projectRoot(), 'dist/deploy/playground', script);
  if (!fs.existsSync(file))
    throw new Error(`${file} is missing: run \`npm run build\` first, the playground starts its helper processes from dist/`);
  return file;
}
