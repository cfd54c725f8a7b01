/**
 * One rendered overlay with names resolved: the two workloads, what stands beside them, and the configuration that their
 * pods would read, loaded by the same code, with every secret a file that is mounted where the configuration looks for it.
 */
import { createHash } from 'node:crypto';
import { loadConfig, type Config } from '@parqueue/core/config';
import { render, type Manifest } from './manifests.ts';

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly exec?: { readonly command: readonly string[] };
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string; readonly items?: readonly { readonly key: string }[] };
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string };
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container, ...Container[]];
  readonly volumes: readonly Volume[];
}

export interface Workload {
  readonly manifest: Manifest;
  readonly replicas: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
  readonly container: Container;
}

export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

export class ClusterView {
  readonly manifests: readonly Manifest[];
  readonly workloads: readonly Workload[];

  constructor(overlay: string) {
    this.manifests = render(overlay);
    this.workloads = [...this.ofKind('Deployment'), ...this.ofKind('StatefulSet')].map(workloadOf);
  }

  ofKind(kind: string): readonly Manifest[] {
    return this.manifests.filter((manifest) => manifest.kind === kind);
  }

  find(kind: string, name: string): Manifest | undefined {
    return this.ofKind(kind).find(({ metadata }) => metadata.name === name);
  }

  workload(name: string): Workload {
    const found = this.workloads.find(({ manifest }) => manifest.metadata.name === name);
    if (found === undefined) throw new Error(`there is no workload ${name}`);
    return found;
  }

  selected({ matchLabels = {} }: Selector): readonly Workload[] {
    return this.workloads.filter(({ labels }) =>
      Object.entries(matchLabels).every(([name, value]) => labels[name] === value),
    );
  }

  /** As the program of this workload reads it. @throws where a secret is not mounted, or the file is wrong */
  config(workload: Workload): Config {
    const mounted = (folder: string): Volume | undefined => {
      const mount = workload.container.volumeMounts.find(({ mountPath }) => mountPath === folder);
      return workload.pod.volumes.find(({ name }) => name === mount?.name);
    };
    const map = this.find('ConfigMap', mounted('/etc/parqueue')?.configMap?.name ?? '');
    return loadConfig(map?.data?.['parqueue.yaml'] ?? '', {
      path: '/etc/parqueue/parqueue.yaml',
      env: {},
      readFile: (path) => {
        const volume = mounted(path.slice(0, path.lastIndexOf('/')));
        if (volume === undefined) throw new Error(`${path} is in no volume of ${workload.manifest.metadata.name}`);
        const key = path.slice(path.lastIndexOf('/') + 1);
        if (volume.configMap !== undefined) {
          const value = this.find('ConfigMap', volume.configMap.name)?.data?.[key];
          if (value === undefined) throw new Error(`${path}: ${volume.configMap.name} has no ${key}`);
          return value;
        }
        return key.endsWith('sha256') ? createHash('sha256').update(key).digest('hex') : 'secret';
      },
    });
  }
}

function workloadOf(manifest: Manifest): Workload {
  const spec = manifest.spec as unknown as {
    readonly replicas?: number;
    readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: PodSpec };
  };
  const { metadata, spec: pod } = spec.template;
  return { manifest, replicas: spec.replicas, labels: metadata.labels, pod, container: pod.containers[0] };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** A quantity such as `512Mi`. */
export function bytesOf(quantity: string | undefined): number {
  const [, digits = '', unit = ''] = /^(\d+)([KMGT]i)?$/.exec(quantity ?? '') ?? [];
  if (digits === '') throw new Error(`not an amount of bytes: ${quantity}`);
  return Number(digits) * (UNITS[unit] ?? Number.NaN);
}
