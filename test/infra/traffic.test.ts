/**
 * Who reaches whom in a rendered overlay: services, monitors and policies name pods and ports that are there, and each
 * policy lets in and out whom it is about. A name that selects nothing is no error to a cluster: it is silence.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { ClusterView, type Selector, type Workload } from './cluster-view.ts';
import { nameOf, notRendered, OVERLAYS, type Manifest } from './manifests.ts';

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: unknown;
}

interface Policy {
  readonly podSelector: Selector;
  readonly ingress?: readonly { readonly from: readonly Peer[]; readonly ports: readonly PolicyPort[] }[];
  readonly egress?: readonly { readonly to: readonly Peer[]; readonly ports: readonly PolicyPort[] }[];
}

interface PolicyPort {
  readonly port: number | string;
}

interface ServiceSpec {
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string }[];
}

interface Endpoint {
  readonly port: string;
  readonly path: string;
  readonly authorization?: { readonly credentials: { readonly name: string; readonly key: string } };
}

const specOf = <Spec>(manifest: Manifest): Spec => manifest.spec as unknown as Spec;
const portsOf = ({ container }: Workload): readonly string[] => container.ports.map(({ name }) => name);
const nameOfNamespace = ({ matchLabels = {} }: Selector): string | undefined =>
  matchLabels['kubernetes.io/metadata.name'];

describe.skipIf(notRendered !== null).each(OVERLAYS)(
  `overlay %s${notRendered === null ? '' : ` (${notRendered})`}`,
  (overlay) => {
    const view = notRendered === null ? new ClusterView(overlay) : (null as never);
    const policies =
      notRendered === null
        ? view.ofKind('NetworkPolicy').map((manifest) => ({ manifest, ...specOf<Policy>(manifest) }))
        : [];

    test('a service leads to a port that each of its pods has, under the name that its monitor knows', () => {
      for (const service of view.ofKind('Service')) {
        const { selector, ports } = specOf<ServiceSpec>(service);
        const pods = view.selected({ matchLabels: selector });
        expect(pods.length, nameOf(service)).toBeGreaterThan(0);
        for (const pod of pods)
          expect(portsOf(pod), nameOf(service)).toEqual(
            expect.arrayContaining(ports.map(({ targetPort }) => targetPort)),
          );
      }
    });

    test('each program is scraped at /metrics, the API with a key that the documentation has made', () => {
      if (view.ofKind('PodMonitor').length === 0) return;
      const [api] = view
        .ofKind('ServiceMonitor')
        .map((manifest) => specOf<{ selector: Selector; endpoints: Endpoint[] }>(manifest));
      const services = view
        .ofKind('Service')
        .filter(({ metadata }) =>
          Object.entries(api?.selector.matchLabels ?? {}).every(([label, value]) => metadata.labels?.[label] === value),
        );
      expect(services.map(({ metadata }) => metadata.name)).toEqual(['parqueue-api']);
      const ports = services.flatMap((service) => specOf<ServiceSpec>(service).ports).map(({ name }) => name);
      expect(api?.endpoints.map(({ port, path }) => [port, path])).toEqual([[ports[0], '/metrics']]);
      const guide = readFileSync(join(REPOSITORY, 'docs/kubernetes.md'), 'utf8');
      const { name = '', key = '' } = api?.endpoints[0]?.authorization?.credentials ?? {};
      expect(guide).toContain(`| \`${name}\` | \`${key}\`:`);

      const [worker] = view
        .ofKind('PodMonitor')
        .map((manifest) => specOf<{ selector: Selector; podMetricsEndpoints: Endpoint[] }>(manifest));
      const pods = view.selected(worker?.selector ?? {});
      expect(pods.map(({ manifest }) => manifest.metadata.name)).toEqual(['parqueue-worker']);
      expect(worker?.podMetricsEndpoints.map(({ port, path }) => [port, path])).toEqual([
        [portsOf(pods[0] as Workload)[0], '/metrics'],
      ]);
    });

    test('a policy lets in at ports that its pods have, and pods of this namespace that are there', () => {
      for (const { manifest, podSelector, ingress = [], egress = [] } of policies) {
        const names = new Set(view.selected(podSelector).flatMap(portsOf));
        for (const { ports } of ingress) for (const { port } of ports) expect(names, nameOf(manifest)).toContain(port);
        const peers = [...ingress.flatMap(({ from }) => from), ...egress.flatMap(({ to }) => to)];
        for (const { namespaceSelector, podSelector: peer } of peers) {
          if (namespaceSelector !== undefined || peer === undefined) continue;
          expect(view.selected(peer).length, nameOf(manifest)).toBeGreaterThan(0);
        }
      }
    });

    test('a Redis of this namespace lets in API and workers, and they are let out to its port', () => {
      const redis = view.workloads.find(({ manifest }) => manifest.metadata.name === 'parqueue-redis');
      if (redis === undefined) return;
      const ours = ['parqueue-api', 'parqueue-worker'].map((name) => view.workload(name));
      const isAbout = (policy: Policy, workload: Workload): boolean =>
        policy.podSelector.matchLabels !== undefined && view.selected(policy.podSelector).includes(workload);
      const letIn = policies
        .filter((policy) => isAbout(policy, redis))
        .flatMap(({ ingress = [] }) => ingress.flatMap(({ from }) => from))
        .flatMap(({ podSelector = {} }) => view.selected(podSelector));
      expect(new Set(letIn)).toEqual(new Set(ours));
      const [port] = redis.container.ports;
      for (const workload of ours) {
        const out = policies
          .filter((policy) => isAbout(policy, workload))
          .flatMap(({ egress = [] }) => egress)
          .filter(({ to }) =>
            to.some(({ podSelector }) => podSelector !== undefined && view.selected(podSelector).includes(redis)),
          );
        expect(out.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([port?.containerPort]);
      }
    });

    test('callers come from namespaces with the documented label, names from kube-system, and Prometheus from where KEDA asks it', () => {
      const guide = readFileSync(join(REPOSITORY, 'docs/kubernetes.md'), 'utf8');
      const foreign = policies.flatMap(({ manifest, ingress = [], egress = [] }) =>
        [...ingress.flatMap(({ from }) => from), ...egress.flatMap(({ to }) => to)]
          .filter(({ namespaceSelector }) => namespaceSelector !== undefined)
          .map(({ namespaceSelector = {} }) => [manifest.metadata.name, namespaceSelector] as const),
      );
      const by = new Map(foreign);
      expect(nameOfNamespace(by.get('parqueue-names') ?? {})).toBe('kube-system');
      for (const [label, value] of Object.entries(by.get('parqueue-callers')?.matchLabels ?? { missing: '' }))
        expect(guide).toContain(`\`${label}=${value}\``);
      const scraper = by.get('parqueue-scraped');
      if (scraper !== undefined) expect(guide).toContain(`Prometheus in the namespace \`${nameOfNamespace(scraper)}\``);
      for (const scaler of view.ofKind('ScaledObject')) {
        const { triggers } = specOf<{ triggers: readonly { metadata: { serverAddress: string } }[] }>(scaler);
        for (const { metadata } of triggers)
          expect(new URL(metadata.serverAddress).hostname.split('.')[1]).toBe(nameOfNamespace(scraper ?? {}));
      }
    });
  },
);
