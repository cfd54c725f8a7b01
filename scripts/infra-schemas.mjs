/**
 * Makes test/infra/schemas: what Kubernetes, KEDA, the Prometheus operator and Compose publish about their own files, in
 * the exact releases named here, cut down to the kinds that infra/ uses and closed, so that an unknown field is refused.
 * Run by hand when a kind or a release is added (`node scripts/infra-schemas.mjs`, with Go on PATH): the results are
 * checked in, because neither a test run nor a user should need 100 MB of other projects' sources for them.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from './setup.mjs';

/** Modules and the sums that Go's checksum database has for them. */
const MODULES = {
  kubernetes: ['k8s.io/kubernetes@v1.34.4', 'h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk='],
  keda: ['github.com/kedacore/keda/v2@v2.18.1', 'h1:h6bRt/IOxxtZpJlHSqhdH/lcInH7Z9obxg/JvWOmGAw='],
  'prometheus-operator': [
    'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
  ],
  compose: ['github.com/compose-spec/compose-go/v2@v2.16.2', 'h1:pTp1DqQwJzFd85GzlWsSszKA1ABrV/ySqsClujIcWA8='],
};

const KUBERNETES_KINDS = [
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['v1', 'ConfigMap'],
  ['v1', 'Namespace'],
  ['v1', 'PersistentVolume'],
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'Secret'],
  ['v1', 'Service'],
  ['v1', 'ServiceAccount'],
];
const KEDA_KINDS = ['ScaledObject', 'TriggerAuthentication'];
const PROMETHEUS_KINDS = ['ServiceMonitor', 'PodMonitor', 'PrometheusRule'];

const folder = join(root, 'test', 'infra', 'schemas');

function moduleFolder(name) {
  const [module, sum] = MODULES[name];
  const told = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' }));
  if (told.Sum !== sum) throw new Error(`${module} has the sum ${told.Sum}, not ${sum}`);
  return told.Dir;
}

/** What validates: no texts, no extensions; objects with named properties take no others. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string')
    return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  const result = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key.startsWith('x-kubernetes') || ['description', 'format', 'default', 'example', 'title'].includes(key))
      continue;
    if (key === 'properties')
      result.properties = Object.fromEntries(Object.entries(value).map(([name, of]) => [name, closed(of)]));
    else if (key === 'nullable' || (key === 'pattern' && !isJavaScript(value))) continue;
    else result[key] = closed(value);
  }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties !== undefined;
  if (schema.properties !== undefined && !open) result.additionalProperties = false;
  return result;
}

/** Patterns are Go's; one that JavaScript cannot read (`(?i)`) is left out. */
function isJavaScript(pattern) {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function kubernetes() {
  const swagger = JSON.parse(readFileSync(join(moduleFolder('kubernetes'), 'api/openapi-spec/swagger.json'), 'utf8'));
  const kinds = {};
  const definitions = {};
  const take = (name) => {
    if (definitions[name] !== undefined) return;
    definitions[name] = {};
    const definition = closed(swagger.definitions[name]);
    definitions[name] = JSON.parse(JSON.stringify(definition), (key, value) => {
      if (key !== '$ref') return value;
      take(value.split('/').pop());
      return value;
    });
  };
  for (const [apiVersion, kind] of KUBERNETES_KINDS) {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const name = Object.keys(swagger.definitions).find((candidate) =>
      swagger.definitions[candidate]['x-kubernetes-group-version-kind']?.some(
        (gvk) => gvk.group === group && gvk.version === version && gvk.kind === kind,
      ),
    );
    if (name === undefined) throw new Error(`Kubernetes publishes no ${apiVersion} ${kind}`);
    take(name);
    kinds[`${apiVersion} ${kind}`] = { $ref: `#/definitions/${name}` };
  }
  return { kinds, definitions };
}

/** CRDs say "object" of their metadata; what may stand there is Kubernetes' own to say. */
function customKinds(name, path, wanted) {
  const crds = join(moduleFolder(name), path);
  const kinds = {};
  for (const file of readdirSync(crds).filter((file) => file.endsWith('.yaml'))) {
    const crd = parse(readFileSync(join(crds, file), 'utf8'));
    if (crd?.kind !== 'CustomResourceDefinition' || !wanted.includes(crd.spec.names.kind)) continue;
    for (const version of crd.spec.versions.filter(({ served }) => served)) {
      const { status: _, ...properties } = closed(version.schema.openAPIV3Schema).properties;
      kinds[`${crd.spec.group}/${version.name} ${crd.spec.names.kind}`] = {
        type: 'object',
        properties,
        required: ['apiVersion', 'kind', 'metadata', 'spec'],
        additionalProperties: false,
      };
    }
  }
  if (Object.keys(kinds).length !== wanted.length) throw new Error(`${name} has not all of ${wanted.join(', ')}`);
  return { kinds };
}

const results = {
  kubernetes: kubernetes(),
  keda: customKinds('keda', 'config/crd/bases', KEDA_KINDS),
  'prometheus-operator': customKinds('prometheus-operator', 'example/prometheus-operator-crd', PROMETHEUS_KINDS),
  compose: {
    schema: JSON.parse(readFileSync(join(moduleFolder('compose'), 'schema/compose-spec.json'), 'utf8'), (key, value) =>
      key === 'description' && typeof value === 'string' ? undefined : value,
    ),
  },
};

mkdirSync(folder, { recursive: true });
for (const [name, result] of Object.entries(results)) {
  const [module, sum] = MODULES[name];
  const text = JSON.stringify({ from: `${module} ${sum} (Apache-2.0)`, ...result });
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
  console.log(`${name}: ${text.length} characters of ${module}`);
}
