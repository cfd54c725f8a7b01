/**
 * Dashboard and alerts as files: they parse, Prometheus takes them, each alert comes when its test says so, and docs/monitoring.md
 * knows all of them. That what they select exists is proven on running servers (test/e2e/metrics.test.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grafanaSays } from './fixtures/grafana.ts';
import { readAlerts, readDashboard, RULES, RULE_TESTS, toldExpressions } from './fixtures/monitoring.ts';
import { readPromql } from './fixtures/promql.ts';
import { PROMTOOL, promtool } from './fixtures/promtool.ts';
import { REPOSITORY } from './fixtures/source-graph.ts';

const guide = readFileSync(join(REPOSITORY, 'docs/monitoring.md'), 'utf8');

describe('every expression of dashboard and alerts', () => {
  test('is PromQL and selects something', () => {
    const wrong = toldExpressions().flatMap(({ where, expression }) => {
      const { errors, selections } = readPromql(expression);
      return errors.length > 0 || selections.length === 0 ? [`${where}: ${expression}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  test('a reader of PromQL that is wrong about something would be noticed', () => {
    expect(readPromql('sum(rate(x[5m])').errors).not.toEqual([]);
    expect(readPromql('max by (queue) (jobs{state="active"}) / other')).toEqual({
      errors: [],
      groupedBy: ['queue'],
      selections: [
        { metric: 'jobs', labels: ['state'], matchers: ['state="active"'], aggregatedBy: 'max' },
        { metric: 'other', labels: [], matchers: [], aggregatedBy: null },
      ],
    });
  });
});

describe('the dashboard', () => {
  const { panels, templating } = readDashboard();
  const shown = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat = '' }) => ({
      title,
      legendFormat,
      expr,
      read: readPromql(expr.replaceAll('$__rate_interval', '5m')),
    })),
  );

  test('has panels with ids of their own, none of them empty', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const empty = panels.filter(({ targets }) => targets?.some(({ expr }) => expr.trim() === ''));
    expect(empty).toEqual([]);
  });

  test('shows one installation, and of it the jobs and processes that are chosen', () => {
    const ofCluster = new Set([...guide.matchAll(/^\| `(\w+)` \|[^|]*\| API, cluster \|/gm)].map(([, name]) => name));
    expect(ofCluster.size).toBeGreaterThan(8);
    const wrong = shown.flatMap(({ title, read }) =>
      read.selections.flatMap(({ metric, matchers }) => {
        // Every API process tells the same of the cluster: none of them is chosen.
        const processes = ofCluster.has(metric) ? [] : ['instance=~"$instance"'];
        const wanted = ['namespace="$namespace"', 'job=~"$job"', ...processes];
        const told = matchers.filter((matcher) => /^(namespace|job|instance)\b/.test(matcher));
        return told.join() === wanted.join() ? [] : [`${title}: ${metric}{${told.join()}}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('knows every variable that it uses, each before what it narrows, and every label that it writes beside a line', () => {
    const variables = templating.list.map(({ name }) => name);
    expect(variables).toEqual(['datasource', 'namespace', 'job', 'instance', 'dataset', 'source']);
    const used = (text: string): readonly string[] => [...text.matchAll(/\$([a-z]+)/g)].map(([, name]) => name ?? '');
    for (const [at, { name, query }] of templating.list.entries()) {
      const known = variables.slice(0, at);
      expect(
        used(JSON.stringify(query)).filter((variable) => !known.includes(variable)),
        name,
      ).toEqual([]);
    }
    const wrong = shown.flatMap(({ title, expr, legendFormat, read }) => [
      ...used(expr).filter((name) => !variables.includes(name)),
      ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]
        .filter(([, label]) => !read.groupedBy.includes(label ?? ''))
        .map(([label]) => `${title}: ${label}`),
    ]);
    expect(wrong).toEqual([]);
  });

  test('has panels that lie beside each other and not upon each other', () => {
    const places = panels.map(({ title, gridPos: { x, y, w, h } }) => ({ title, x, y, right: x + w, bottom: y + h }));
    expect(places.filter(({ x, right }) => x < 0 || right > 24)).toEqual([]);
    const upon = places.flatMap((one, at) =>
      places
        .slice(at + 1)
        .filter((other) => one.x < other.right && other.x < one.right && one.y < other.bottom && other.y < one.bottom)
        .map((other) => `${one.title} and ${other.title}`),
    );
    expect(upon).toEqual([]);
  });

  test('is what the types of Grafana itself allow', () => {
    const text = JSON.stringify(readDashboard());
    expect(grafanaSays(text)).toBe('');
    const wrong = text
      .replace('"schemaVersion"', '"schema"')
      .replace('"placement":"bottom"', '"placement":"below"')
      .replace('"drawStyle":"line"', '"drawStyle":"lines"');
    expect(grafanaSays(wrong).match(/'"schema"'|"below"|"lines"/g)).toHaveLength(3);
  });

  test('asks the questions that the guide says it answers', () => {
    const questions = panels.filter(({ targets }) => targets === undefined).map(({ title }) => title);
    expect(questions.filter((question) => !guide.includes(question))).toEqual([]);
    expect(questions.length).toBeGreaterThan(4);
  });
});

test('the guide explains every step that the code tells, and no other', async () => {
  const code = readFileSync(join(REPOSITORY, 'packages/core/src/ports/steps.ts'), 'utf8');
  const steps = [...code.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name ?? '');
  const table = guide.slice(guide.indexOf('| step | level |'));
  const named = [...table.matchAll(/^\| ((?:`[a-z-]+` ?)+)\|/gm)].flatMap(
    ([, cells]) => (cells ?? '').match(/[a-z-]+/g) ?? [],
  );
  expect(steps.length).toBeGreaterThan(20);
  expect(named.toSorted()).toEqual([...new Set(steps)].toSorted());
});

describe('alerts', () => {
  test('each is explained in the guide, tested, and leads to a runbook', () => {
    const tests = RULE_TESTS.map((path) => readFileSync(path, 'utf8')).join('\n');
    for (const { alert, annotations } of readAlerts()) {
      expect(guide, alert).toContain(`\`${alert}\``);
      expect(tests, alert).toContain(alert);
      const [document = '', anchor = ''] = (annotations['runbook'] ?? '').split('#');
      expect(anchorsOf(document), alert).toContain(anchor);
    }
  });

  test.skipIf(PROMTOOL === null)('are rules that Prometheus takes, and come when they should', () => {
    expect(RULE_TESTS).toHaveLength(RULES.length);
    expect(promtool(['check', 'rules', ...RULES])).toMatchObject({ ok: true });
    expect(promtool(['test', 'rules', ...RULE_TESTS])).toMatchObject({ ok: true });
  });

  test.skipIf(PROMTOOL === null)('a threshold that is raised fails its test', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parqueue-rules-'));
    try {
      for (const path of [...RULES, ...RULE_TESTS]) {
        const text = readFileSync(path, 'utf8');
        const raised = text.replace('"refused"}[10m])) > 0.05', '"refused"}[10m])) > 0.5');
        if (basename(path) === 'alerts.yaml') expect(raised).not.toBe(text);
        writeFileSync(join(folder, basename(path)), raised);
      }
      expect(promtool(['test', 'rules', join(folder, 'alerts.test.yaml')])).toMatchObject({ ok: false });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.skipIf(PROMTOOL === null)('expressions of the dashboard are expressions to Prometheus as well', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parqueue-rules-'));
    const rules = toldExpressions().map(({ expression }, at) => ({ record: `told:${at}`, expr: expression }));
    try {
      const path = join(folder, 'told.yaml');
      writeFileSync(path, JSON.stringify({ groups: [{ name: 'told', rules }] }));
      expect(promtool(['check', 'rules', '--lint=none', path])).toMatchObject({ ok: true });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** As docs.test.ts knows them. */
function anchorsOf(document: string): readonly string[] {
  const text = readFileSync(join(REPOSITORY, document), 'utf8');
  return [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
