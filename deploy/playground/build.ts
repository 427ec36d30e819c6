import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type CacheOptions, cached } from './cache.ts';
import { usersEnv } from './fetch.ts';
import { findGo } from './go.ts';
import { assets } from './project.ts';

/** One Go module of ours: what it builds, and what of its dependencies the running playground reads. */
interface Module {
  readonly name: 'kubernetes' | 'kwok' | 'liqo';
  readonly packages: readonly string[];
  /** Copies configuration that others wrote out of their module, since running must not need Go or its module cache. */
  readonly gather?: { readonly from: string; readonly copy: (module: string, into: string) => void };
  /** Seen on two cores with nothing cached, for the line that announces the build. */
  readonly minutes: string;
}

const KWOK_PARTS = [
  'stage/node/fast/node-initialize',
  'stage/node/heartbeat-with-lease/node-heartbeat-with-lease',
  'stage/pod/fast/pod-ready',
  'stage/pod/fast/pod-complete',
  'stage/pod/fast/pod-delete',
  'metrics/resource/metrics-resource',
  'metrics/usage/usage-from-annotation',
];

const MODULES: Readonly<Record<Module['name'], Module>> = {
  kubernetes: { name: 'kubernetes', packages: ['.'], minutes: '4 to 8 minutes' },
  liqo: {
    name: 'liqo',
    packages: [
      './render',
      ...['webhook', 'liqo-controller-manager', 'crd-replicator', 'virtual-kubelet'].map((name) => `github.com/liqotech/liqo/cmd/${name}`),
    ],
    gather: {
      from: 'github.com/liqotech/liqo',
      copy: (module, into) => {
        fs.cpSync(path.join(module, 'deployments/liqo'), path.join(into, 'chart'), { recursive: true });
      },
    },
    minutes: '2 to 4 minutes',
  },
  kwok: {
    name: 'kwok',
    packages: ['sigs.k8s.io/kwok/cmd/kwok'],
    gather: {
      from: 'sigs.k8s.io/kwok',
      copy: (module, into) => {
        const parts = KWOK_PARTS.map((part) => fs.readFileSync(path.join(module, 'kustomize', `${part}.yaml`), 'utf8'));
        fs.writeFileSync(path.join(into, 'kwok.yaml'), parts.map((part) => `---\n${part}\n`).join(''));
      },
    },
    minutes: '1 minute',
  },
};

const FLAGS = ['-trimpath', '-ldflags', '-s -w'];

/** Everything that decides what a build makes, the Go release excepted: a machine whose Go is updated, or removed, goes on with what it has. */
function contentHash({ name, packages }: Module): string {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, FLAGS, packages, KWOK_PARTS]));
  const files = fs.readdirSync(assets(name), { recursive: true, encoding: 'utf8' }).filter((file) => /\.go$|go\.(mod|sum)$/.test(file));
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(fs.readFileSync(path.join(assets(name), file)));
  return hash.digest('hex').slice(0, 16);
}

/** The module cache of Go is read-only, and a copy of its files would be too: nobody could remove it. */
function makeWritable(dir: string): void {
  for (const entry of fs.readdirSync(dir, { recursive: true, withFileTypes: true }))
    fs.chmodSync(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
}

/** The folder with a module's binaries and gathered files, built once per content and user. */
export async function built(name: Module['name'], options: CacheOptions): Promise<string> {
  const module = MODULES[name];
  return await cached(`built/${name}-${contentHash(module)}`, options, async (part) => {
    const go = await findGo(options);
    const began = Date.now();
    options.progress(`${name}: building, once (${module.minutes} on two cores when nothing is cached)`);
    const log = path.join(options.guardian.stateDir, 'logs', `build-${name}.log`);
    const bin = path.join(part, 'bin');
    fs.mkdirSync(bin);
    const env = usersEnv({ CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '' });
    const cwd = assets(name);
    const still = setInterval(() => {
      const packages = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').length - 1 : 0;
      options.progress(`${name}: building for ${Math.round((Date.now() - began) / 1000)} s, ${packages} packages compiled`);
    }, 20_000);
    const args = ['build', '-v', ...FLAGS, '-o', `${bin}/`, ...module.packages];
    await options.guardian.run({ key: `build/${name}`, command: go, args, env, cwd, log }).finally(() => clearInterval(still));
    if (module.gather) {
      const listed = path.join(part, 'module-dir');
      await options.guardian.run({
        key: `build/${name}-dir`,
        command: go,
        args: ['list', '-m', '-f', '{{.Dir}}', module.gather.from],
        env,
        cwd,
        log: listed,
      });
      module.gather.copy(fs.readFileSync(listed, 'utf8').trim().split('\n').at(-1) ?? '', part);
      fs.rmSync(listed);
      for (const entry of fs.readdirSync(part))
        if (entry !== 'bin' && fs.statSync(path.join(part, entry)).isDirectory()) makeWritable(path.join(part, entry));
    }
    options.progress(`${name}: built in ${Math.round((Date.now() - began) / 1000)} s`);
  });
}
