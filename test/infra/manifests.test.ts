/**
 * The manifests are what Kubernetes takes, and they agree with the program: ports, limits, times, secrets and names are
 * compared with the configuration that the pods would read, the image, and the code.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keyword } from 'dockerfile-ast';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { bytesOf, ClusterView, type Selector, type Workload } from './cluster-view.ts';
import { instructionsOf, readRecipe } from './image-recipe.ts';
import {
  K8S,
  nameOf,
  notRendered,
  OVERLAYS,
  parseManifests,
  problemsOf,
  resourceFiles,
  type Manifest,
} from './manifests.ts';
import { fillsNeed, workerMemory } from './sizing.ts';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');

describe('as they stand', () => {
  test.each(resourceFiles())('%s is what its kinds publish, and nothing else', (path) => {
    expect(parseManifests(readFileSync(join(K8S, path), 'utf8')).flatMap(problemsOf)).toEqual([]);
  });

  test('an unknown field, a wrong type and an unknown kind are found', () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' } };
    expect(problemsOf({ ...service, spec: { ports: [{ port: 80, targetPort: 'http' }] } })).toEqual([]);
    expect(problemsOf({ ...service, spec: { port: 80 } })).toEqual([expect.stringContaining('properties: port')]);
    expect(problemsOf({ ...service, spec: { ports: [{ port: 'http' }] } })).toEqual([
      expect.stringContaining('integer'),
    ]);
    const scaled = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'x' } };
    expect(problemsOf({ ...scaled, spec: { scaleTargetRef: { name: 'y', nam: 'z' }, triggers: [] } })).toHaveLength(1);
    expect(problemsOf({ ...service, kind: 'Servise' })).toEqual(['there is no schema for v1 Servise']);
  });

  test('the rules for the operator are those of infra/prometheus', async () => {
    const groups = ['alerts', 'scaling'].flatMap(
      (name) => (parse(read(`infra/prometheus/${name}.yaml`)) as { groups: readonly unknown[] }).groups,
    );
    const rule = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'parqueue' } };
    const text = `# Made of infra/prometheus by test/infra/manifests.test.ts (vitest -u); change it there.\n${JSON.stringify({ ...rule, spec: { groups } }, null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(K8S, 'components/monitoring/rules.yaml'));
  });
});

describe.skipIf(notRendered !== null).each(OVERLAYS)(
  `overlay %s${notRendered === null ? '' : ` (${notRendered})`}`,
  (overlay) => {
    const view = notRendered === null ? new ClusterView(overlay) : (null as never);
    const own = (): readonly Workload[] =>
      view.ofKind('Deployment').map(({ metadata }) => view.workload(metadata.name));
    const api = (): Workload => view.workload('parqueue-api');
    const worker = (): Workload => view.workload('parqueue-worker');

    test('every object is what its kind publishes, and its namespace comes first', () => {
      expect(view.manifests.flatMap(problemsOf)).toEqual([]);
      expect(view.manifests[0]?.kind).toBe('Namespace');
      const elsewhere = view.manifests.filter(
        ({ kind, metadata }) =>
          !['Namespace', 'PersistentVolume'].includes(kind) && metadata.namespace !== view.manifests[0]?.metadata.name,
      );
      expect(elsewhere.map(nameOf)).toEqual([]);
    });

    test('the configuration is one the program takes, with every secret mounted where it is looked for', () => {
      const { listen, redis, store, worker: work, auth } = view.config(worker());
      expect([listen.host, work.listen.host]).toEqual(['0.0.0.0', '0.0.0.0']);
      expect(redis).toMatchObject({ url: expect.stringMatching(/^rediss?:\/\/:secret@/) as string, durable: true });
      expect(auth.apiKeys.length).toBeGreaterThan(0);
      expect(view.config(api())).toMatchObject({ listen, redis, store });
    });

    test('ports of containers, probes, services, monitors and policies are those of the configuration', () => {
      const { listen, worker: work } = view.config(worker());
      expect(api().container.ports).toEqual([expect.objectContaining({ containerPort: listen.port })]);
      expect(worker().container.ports).toEqual([expect.objectContaining({ containerPort: work.listen.port })]);
      for (const { container } of own()) {
        const { startupProbe, livenessProbe, readinessProbe } = container;
        const [port] = container.ports;
        expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet)).toEqual([
          { path: '/healthz', port: port?.name },
          { path: '/healthz', port: port?.name },
          { path: '/readyz', port: port?.name },
        ]);
      }
      const named = new Set(view.workloads.flatMap(({ container }) => container.ports.map(({ name }) => name)));
      expect(portNames(view).filter((name) => !named.has(name))).toEqual([]);
    });

    test('a readiness check has more time than the program gives itself', () => {
      const store = numberIn('packages/core/src/store/store-reach.ts', 'LIMIT_MS');
      const redis = numberIn('apps/worker/src/worker.ts', 'CHECK_LIMIT_MS');
      for (const { container } of own())
        expect(container.readinessProbe.timeoutSeconds * 1000).toBeGreaterThan(Math.max(store, redis));
    });

    test('an API that has to bring the store to its format first has minutes for it', () => {
      const { periodSeconds, failureThreshold } = api().container.startupProbe;
      expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(600);
    });

    test('a pod has the time to do what it does on SIGTERM', () => {
      const { drainFinishMs } = view.config(worker()).worker;
      const handBackMs = numberIn('apps/worker/src/drain.ts', 'HAND_BACK_LIMIT_MS');
      expect(worker().pod.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(
        drainFinishMs + handBackMs + 10_000,
      );
      const transfersMs = numberIn('apps/api/src/close-server.ts', 'TRANSFERS_FINISH_MS');
      const sleepMs = 1000 * (api().container.lifecycle?.preStop?.sleep?.seconds ?? 0);
      expect(sleepMs).toBeGreaterThan(0);
      expect(api().pod.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(sleepMs + transfersMs + 10_000);
    });

    test('memory: the limit of a worker holds what its threads may take at most, and nothing overrides theirs', () => {
      const limit = bytesOf(worker().container.resources.limits['memory']);
      expect(limit).toBeGreaterThanOrEqual(workerMemory(view.config(worker())));
      expect(bytesOf(api().container.resources.limits['memory'])).toBeGreaterThanOrEqual(2 ** 30);
      // V8 applies --max-old-space-size to every thread, over its own limit.
      for (const { container } of own())
        expect((container.env ?? []).map(({ name }) => name)).not.toContain('NODE_OPTIONS');
      for (const { container } of view.workloads) expect(container.resources.limits).not.toHaveProperty('cpu');
    });

    test('store, scratch and temporary files are on volumes; what a volume may hold fits the limit of the pod', () => {
      const { store, worker: work } = view.config(worker());
      for (const { container, pod } of own()) {
        const mounts = container.volumeMounts
          .filter(({ readOnly }) => readOnly !== true)
          .map(({ mountPath }) => mountPath);
        expect(mounts.some((path) => store.root.startsWith(`${path}/`))).toBe(true);
        expect(mounts.some((path) => (work.scratch ?? '').startsWith(`${path}/`))).toBe(true);
        const scratch = pod.volumes.find(({ name }) => name === 'tmp')?.emptyDir;
        expect(scratch?.medium).toBeUndefined();
        expect(bytesOf(container.resources.limits['ephemeral-storage'])).toBeGreaterThan(bytesOf(scratch?.sizeLimit));
      }
      const files = Object.values(view.config(worker()).sources).filter((source) => source.kind === 'file');
      const readOnly = worker().container.volumeMounts.filter((mount) => mount.readOnly === true);
      for (const { root } of files) expect(readOnly.map(({ mountPath }) => mountPath)).toContain(root);
    });

    test('every pod is sealed: no root, no rights, a root file system nobody writes, no token', () => {
      const [user] = instructionsOf(readRecipe(), 'api', Keyword.USER).map((one) => one.getArgumentsContent());
      for (const { container, pod, manifest } of view.workloads) {
        expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
        expect(pod.securityContext).toMatchObject({
          runAsNonRoot: true,
          fsGroup: pod.securityContext['runAsGroup'],
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        if (manifest.kind !== 'Deployment') continue;
        expect(`${String(pod.securityContext['runAsUser'])}:${String(pod.securityContext['runAsGroup'])}`).toBe(user);
        expect([['api'], ['worker']]).toContainEqual(container.args);
      }
    });

    test('every name leads somewhere', () => {
      for (const { pod } of view.workloads) {
        expect(view.find('ServiceAccount', pod.serviceAccountName)).toBeDefined();
        for (const { configMap, persistentVolumeClaim } of pod.volumes) {
          if (configMap !== undefined) expect(view.find('ConfigMap', configMap.name), configMap.name).toBeDefined();
          const claim = persistentVolumeClaim?.claimName;
          if (claim !== undefined) expect(view.find('PersistentVolumeClaim', claim), claim).toBeDefined();
        }
      }
      for (const { spec } of view.ofKind('PersistentVolumeClaim')) {
        const volume = spec?.['volumeName'] as string | undefined;
        if (volume !== undefined) expect(view.find('PersistentVolume', volume), volume).toBeDefined();
      }
      const chosen = [
        ...view.ofKind('PodDisruptionBudget').map(({ spec }) => spec?.['selector'] as Selector),
        ...view.ofKind('Service').map(({ spec }) => ({ matchLabels: spec?.['selector'] as Record<string, string> })),
        ...view.ofKind('PodMonitor').map(({ spec }) => spec?.['selector'] as Selector),
        ...view.ofKind('NetworkPolicy').map(({ spec }) => spec?.['podSelector'] as Selector),
      ];
      expect(chosen.filter((selector) => view.selected(selector).length === 0)).toEqual([]);
    });

    test('a secret that is not made here is told of in the documentation, key by key', () => {
      const documented = read('docs/kubernetes.md');
      const made = view.ofKind('Secret').map(({ metadata }) => metadata.name);
      const names = view.workloads.flatMap(({ pod }) =>
        pod.volumes.map(({ secret }) => secret?.secretName).filter((name) => name !== undefined),
      );
      expect(names.filter((name) => !made.includes(name) && !documented.includes(`\`${name}\``))).toEqual([]);
      const [map] = view.ofKind('ConfigMap').filter(({ metadata }) => metadata.name.startsWith('parqueue-config'));
      const files = [...(map?.data?.['parqueue.yaml'] ?? '').matchAll(/\$\{file:[^}]*\/([\w-]+)\}/g)].map(
        ([, key]) => key,
      );
      if (made.length === 0) expect(files.filter((key) => !documented.includes(`\`${key}\``))).toEqual([]);
    });

    test('a volume that several pods write is one that several nodes may mount', () => {
      const modes = ({ spec }: Manifest): unknown => spec?.['accessModes'];
      const wanted = [api(), worker()].every(({ replicas }) => replicas === 1) ? 'ReadWriteOnce' : 'ReadWriteMany';
      const claim = view.find('PersistentVolumeClaim', 'parqueue-store') as Manifest;
      expect(modes(claim)).toEqual([wanted]);
      const volume = view.find('PersistentVolume', String(claim.spec?.['volumeName']));
      if (volume !== undefined) expect(modes(volume)).toEqual(modes(claim));
    });

    test('nodes can be drained: a budget lets one pod go, also one that is not ready', () => {
      for (const { spec } of view.ofKind('PodDisruptionBudget'))
        expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
      expect(view.ofKind('PodDisruptionBudget')).toHaveLength(2);
      expect(view.manifests[0]?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    });

    test('a Redis of the cluster has twice its memory, for the pages that change while it rewrites its file', () => {
      const redis = view.workloads.find(({ manifest }) => manifest.metadata.name === 'parqueue-redis');
      if (redis === undefined) return;
      const map = view.ofKind('ConfigMap').find(({ metadata }) => metadata.name.startsWith('parqueue-redis'));
      const settings = map?.data?.['redis.conf'] ?? '';
      expect(settings).toMatch(/^appendfsync everysec$/m);
      const maxmemory = Number(/^maxmemory (\d+)gb$/m.exec(settings)?.[1]) * 2 ** 30;
      expect(bytesOf(redis.container.resources.limits['memory'])).toBeGreaterThanOrEqual(2 * maxmemory);
    });

    test('who is scaled is scaled by one, and says no number itself', () => {
      const scalers = [...view.ofKind('HorizontalPodAutoscaler'), ...view.ofKind('ScaledObject')];
      for (const { spec, kind } of scalers) {
        const { minReplicas, maxReplicas, minReplicaCount, maxReplicaCount } = spec as Record<
          string,
          number | undefined
        >;
        const [least = 0, most = 0] = [minReplicas ?? minReplicaCount, maxReplicas ?? maxReplicaCount];
        expect(least, kind).toBeGreaterThanOrEqual(2);
        expect(most, kind).toBeGreaterThanOrEqual(least);
      }
      const targets = scalers.map(
        ({ spec }) => (spec as unknown as { scaleTargetRef: { name: string } }).scaleTargetRef.name,
      );
      expect(new Set(targets).size).toBe(targets.length);
      for (const { manifest, replicas } of own()) {
        expect(replicas === undefined, nameOf(manifest)).toBe(targets.includes(manifest.metadata.name));
      }
    });

    test('the scaler of workers counts as the configuration does', () => {
      const [scaler] = view.ofKind('ScaledObject');
      if (scaler === undefined) return;
      const config = view.config(worker());
      const { triggers, maxReplicaCount, minReplicaCount } = scaler.spec as unknown as ScaledObjectSpec;
      expect(maxReplicaCount).toBe(fillsNeed(config));
      expect(maxReplicaCount).toBeGreaterThanOrEqual(minReplicaCount);
      expect(scaler.spec).toMatchObject({ scaleTargetRef: { kind: 'Deployment', name: 'parqueue-worker' } });
      const thresholds = Object.fromEntries(triggers.map(({ name, metadata }) => [name, Number(metadata.threshold)]));
      const { threads } = config.worker;
      expect(thresholds).toEqual({
        'all-sources': threads,
        'busiest-source': Math.max(1, threads - 1),
        'loading-workers': 1,
      });
      const recorded = [...read('infra/prometheus/scaling.yaml').matchAll(/record: (\S+)/g)].map(([, name]) => name);
      for (const { metadata } of triggers) {
        const [, metric, namespace] = /\((\S+)\{namespace="(\S+)"\}\)$/.exec(metadata.query) ?? [];
        expect(recorded).toContain(metric);
        expect(namespace).toBe(scaler.metadata.namespace);
      }
    });

    test('who is monitored brings the dashboard, in full, to where the sidecar of Grafana finds it', () => {
      const dashboards = view
        .ofKind('ConfigMap')
        .filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1')
        .map(({ data }) => data);
      const told = view.ofKind('PrometheusRule').map(() => ({ 'parqueue.json': read('infra/grafana/parqueue.json') }));
      expect(dashboards).toEqual(told);
    });

    test('nothing is let in or out but what is needed', () => {
      const policies = view.ofKind('NetworkPolicy').map(({ spec }) => spec as unknown as PolicySpec);
      expect(policies).toContainEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
      const egress = (workload: Workload): readonly unknown[] =>
        policies
          .filter(({ podSelector }) => view.selected(podSelector).includes(workload))
          .flatMap((policy) => (policy.egress ?? []).flatMap(({ ports }) => ports.map(({ port }) => port)));
      const { sources, redis, listen, worker: work } = view.config(worker());
      const ingress = ({ container, ...workload }: Workload): ReadonlySet<unknown> =>
        new Set(
          policies
            .filter(({ podSelector }) =>
              view.selected(podSelector).some(({ manifest }) => manifest === workload.manifest),
            )
            .flatMap((policy) => (policy.ingress ?? []).flatMap(({ ports }) => ports))
            .map(({ port }) => container.ports.find(({ name }) => name === port)?.containerPort ?? port)
            .filter((port) => typeof port === 'number'),
        );
      const isMonitored = view.ofKind('PodMonitor').length > 0;
      expect(ingress(api())).toEqual(new Set([listen.port]));
      expect(ingress(worker())).toEqual(new Set(isMonitored ? [work.listen.port] : []));
      expect(new Set(egress(api()))).toEqual(new Set([53, Number(new URL(redis.url ?? '').port)]));
      const databases = Object.values(sources).filter((source) => source.kind !== 'file');
      const ofDatabases = databases.map((source) =>
        source.kind === 'oracle' ? Number(/:(\d+)\//.exec(source.connectString)?.[1]) : source.port,
      );
      expect(new Set(egress(worker()))).toEqual(new Set([...egress(api()), ...ofDatabases]));
    });
  },
);

interface ScaledObjectSpec {
  readonly minReplicaCount: number;
  readonly maxReplicaCount: number;
  readonly triggers: readonly {
    readonly name: string;
    readonly metadata: { readonly query: string; readonly threshold: string };
  }[];
}

interface PolicySpec {
  readonly podSelector: Selector;
  readonly ingress?: readonly { readonly ports: readonly { readonly port: number | string }[] }[];
  readonly egress?: readonly { readonly ports: readonly { readonly port: number | string }[] }[];
}

/** Ports that are named by services, monitors and policies. */
function portNames(view: ClusterView): readonly string[] {
  const kinds = ['Service', 'ServiceMonitor', 'PodMonitor', 'NetworkPolicy'];
  const texts = view.manifests.filter(({ kind }) => kinds.includes(kind)).map((manifest) => JSON.stringify(manifest));
  return texts.flatMap((text) => [...text.matchAll(/"(?:port|targetPort)":"(\w+)"/g)].map(([, name]) => name ?? ''));
}

/** A constant of the program that no interface tells. */
function numberIn(path: string, name: string): number {
  const digits = new RegExp(`const ${name} = ([\\d_]+)`).exec(read(path))?.[1];
  if (digits === undefined) throw new Error(`${path} has no ${name}`);
  return Number(digits.replaceAll('_', ''));
}
