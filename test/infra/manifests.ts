/**
 * The manifests of infra/k8s as a cluster would get them: rendered by kustomize, parsed as YAML 1.1 as Kubernetes does,
 * and checked against what Kubernetes, KEDA and the Prometheus operator publish about their kinds (test/infra/schemas).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { kustomize } from '../../scripts/setup-kustomize.mjs';
import { REPOSITORY } from '../fixtures/source-graph.ts';

export const K8S = join(REPOSITORY, 'infra/k8s');

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

interface Schemas {
  readonly kinds: Readonly<Record<string, object>>;
  readonly definitions?: Readonly<Record<string, object>>;
}

const validators = new Map<string, ValidateFunction>();
// `strict` is about schemas, which are others' here; that unknown fields are refused is written into these schemas.
const ajv = new Ajv({ strict: false, allErrors: true });
for (const name of ['kubernetes', 'keda', 'prometheus-operator']) {
  const { kinds, definitions = {} } = readJson<Schemas>(`test/infra/schemas/${name}.json`);
  for (const [kind, schema] of Object.entries(kinds)) validators.set(kind, ajv.compile({ ...schema, definitions }));
}

export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(REPOSITORY, path), 'utf8')) as T;
}

/** What is wrong with a manifest; nothing for one that a cluster would take. */
export function problemsOf(manifest: Manifest): readonly string[] {
  const validate = validators.get(`${manifest.apiVersion} ${manifest.kind}`);
  if (validate === undefined) return [`there is no schema for ${manifest.apiVersion} ${manifest.kind}`];
  validate(manifest);
  return (validate.errors ?? []).map((error) => `${nameOf(manifest)}${error.instancePath}: ${wordsOf(error)}`);
}

function wordsOf({ message = 'is wrong', params }: ErrorObject): string {
  const extra: unknown = params['additionalProperty'];
  return typeof extra === 'string' ? `${message}: ${extra}` : message;
}

export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

/** Kubernetes reads YAML 1.1, where 0440 is octal and `yes` is true. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { version: '1.1', merge: true }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}

/** Files that kustomizations name as resources: whole objects, as opposed to patches and configurations. */
export function resourceFiles(): readonly string[] {
  const kustomizations = readdirSync(K8S, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('kustomization.yaml'),
  );
  return kustomizations.flatMap((path) => {
    const folder = path.slice(0, -'kustomization.yaml'.length);
    const [{ resources = [] }] = parseAllDocuments(readFileSync(join(K8S, path), 'utf8')).map(
      (document) => document.toJS() as { resources?: readonly string[] },
    ) as [{ resources?: readonly string[] }];
    return resources.filter((name) => name.endsWith('.yaml')).map((name) => `${folder}${name}`);
  });
}

export const OVERLAYS = readdirSync(join(K8S, 'overlays')).toSorted();

/** Why overlays cannot be rendered on this machine; null where they can. */
export const notRendered = existsSync(kustomize) ? null : 'no kustomize: set-up builds it where there is Go';

export function render(overlay: string): readonly Manifest[] {
  const text = execFileSync(kustomize, ['build', join(K8S, 'overlays', overlay)], { encoding: 'utf8' });
  return parseManifests(text);
}
