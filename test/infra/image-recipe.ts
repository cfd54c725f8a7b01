/**
 * A Dockerfile without a container engine: its stages become folders, COPY copies what .dockerignore leaves, RUN runs as
 * it stands in the folder of the stage's working directory. What an engine adds, another root, is not imitated: commands
 * with absolute paths are refused, and base images are empty but for the `node` that runs this.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import dockerignore from '@balena/dockerignore';
import { DockerfileParser, Keyword, type Copy, type Instruction } from 'dockerfile-ast';
import { REPOSITORY } from '../fixtures/source-graph.ts';

export interface Stage {
  readonly name: string;
  /** Another stage, or an image. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export function readRecipe(path = join(REPOSITORY, 'infra/docker/Dockerfile')): ReadonlyMap<string, Stage> {
  const parsed = DockerfileParser.parse(readFileSync(path, 'utf8'));
  const stages = new Map<string, Stage>();
  for (const from of parsed.getFROMs()) {
    const name = from.getBuildStage() ?? '';
    const line = from.getRange().start.line;
    const next = parsed.getFROMs().find((other) => other.getRange().start.line > line);
    const end = next?.getRange().start.line ?? Infinity;
    const instructions = parsed
      .getInstructions()
      .filter((one) => one.getRange().start.line > line && one.getRange().start.line < end);
    stages.set(name, { name, from: from.getImage() ?? '', instructions });
  }
  return stages;
}

/** What a stage says itself and what it has from those it stands on; the latest last. */
export function instructionsOf(
  stages: ReadonlyMap<string, Stage>,
  name: string,
  keyword: Keyword,
): readonly Instruction[] {
  const stage = stages.get(name);
  if (stage === undefined) return [];
  const own = stage.instructions.filter((one) => one.getKeyword() === keyword);
  return [...instructionsOf(stages, stage.from, keyword), ...own];
}

/** `["node", "x"]` of ENTRYPOINT, CMD, or HEALTHCHECK behind its CMD. */
export function wordsOf(instruction: Instruction | undefined): readonly string[] {
  const text = instruction?.getArgumentsContent() ?? '';
  return text.includes('[') ? (JSON.parse(text.slice(text.indexOf('['))) as readonly string[]) : [];
}

export function environmentOf(stages: ReadonlyMap<string, Stage>, name: string): Readonly<Record<string, string>> {
  const pairs = instructionsOf(stages, name, Keyword.ENV).flatMap((env) =>
    (env.getArgumentsContent() ?? '')
      .replaceAll(/\\\n/g, ' ')
      .split(/\s+/)
      .filter((pair) => pair.includes('=')),
  );
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The files of the checkout that are sent to an engine: tracked or new, and not ignored. */
export function contextFiles(): readonly string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return sentToAnEngine(files.split('\n').filter((path) => path !== '' && existsSync(join(REPOSITORY, path))));
}

/** Of these paths those that .dockerignore leaves. It does not know what git ignores. */
export function sentToAnEngine(paths: readonly string[]): readonly string[] {
  const ignored = dockerignore.default({ ignorecase: false });
  ignored.add(readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8'));
  return ignored.filter([...paths]);
}

/** Builds the stages that `target` needs, below `base`. @returns the root of the target. */
export function buildStage(stages: ReadonlyMap<string, Stage>, target: string, base: string): string {
  const stage = stages.get(target);
  if (stage === undefined) throw new Error(`there is no stage ${target}`);
  const root = join(base, target);
  if (existsSync(root)) return root;
  const parent = stages.has(stage.from) ? buildStage(stages, stage.from, base) : null;
  if (parent === null) mkdirSync(root, { recursive: true });
  else cpSync(parent, root, { recursive: true, verbatimSymlinks: true });
  let workdir = '/';
  for (const instruction of stage.instructions) {
    const words = instruction.getArguments().map((word) => word.getValue());
    if (instruction.getKeyword() === Keyword.WORKDIR) workdir = words[0] ?? '/';
    mkdirSync(join(root, workdir), { recursive: true });
    if (instruction.getKeyword() === Keyword.COPY) copy(instruction as Copy, { stages, base, root, workdir });
    if (instruction.getKeyword() === Keyword.RUN) run(instruction, join(root, workdir));
  }
  return root;
}

interface CopyPlace {
  readonly stages: ReadonlyMap<string, Stage>;
  readonly base: string;
  readonly root: string;
  readonly workdir: string;
}

function copy(instruction: Copy, { stages, base, root, workdir }: CopyPlace): void {
  const words = instruction.getArguments().map((word) => word.getValue());
  const to = words.at(-1) ?? '';
  const sources = words.slice(0, -1);
  const from =
    instruction
      .getFlags()
      .find((flag) => flag.getName() === 'from')
      ?.getValue() ?? null;
  const target = to.startsWith('/') ? join(root, to) : join(root, workdir, to);
  for (const source of sources) {
    if (from === null) {
      copyFromContext(source, target, to.endsWith('/'));
      continue;
    }
    // The image that brings node is not here, the node of this machine is.
    const path = source === '/usr/local/bin/node' ? process.execPath : join(buildStage(stages, from, base), source);
    const intoFolder = to.endsWith('/') && !statSync(path).isDirectory();
    cpSync(path, intoFolder ? join(target, basename(source)) : target, { recursive: true, verbatimSymlinks: true });
  }
}

function copyFromContext(source: string, target: string, intoFolder: boolean): void {
  const files = contextFiles().filter((path) => source === '.' || path === source || path.startsWith(`${source}/`));
  if (files.length === 0) throw new Error(`COPY ${source}: nothing of that name is in the context`);
  for (const path of files) {
    const inside = path === source ? (intoFolder ? basename(path) : '') : relative(source, path);
    mkdirSync(dirname(join(target, inside)), { recursive: true });
    cpSync(join(REPOSITORY, path), join(target, inside));
  }
}

function run(instruction: Instruction, folder: string): void {
  // Its flags (mounts of the engine's caches) are not part of this.
  const command = (instruction.getArgumentsContent() ?? '').replaceAll(/\\\n/g, ' ');
  if (/(^|\s)\//.test(command)) throw new Error(`RUN ${command}: with an absolute path it can only run in an image`);
  execFileSync('sh', ['-euc', command], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutTestRunner(process.env), TURBO_TELEMETRY_DISABLED: '1', npm_config_prefer_offline: 'true' },
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** What a test runner sets for its own code would change what npm and Node.js do here. */
function withoutTestRunner(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(NODE_|VITEST|npm_)/.test(name)));
}

/** Paths below a folder, of files and links, sorted. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}
