/** What stands around every view: the way around, who asks, light or dark, and where the rest is. */
import { useEffect, useState } from 'preact/hooks';
import { live } from './api/live.ts';
import { connection, forgetKey, session } from './api/session.ts';
import { useStore } from './api/store.ts';
import mark from './mark.svg';
import { hrefOf, type Route } from './route.ts';

const NAVIGATION: readonly { readonly title: string; readonly to: Route; readonly holds: readonly Route['view'][] }[] =
  [
    { title: 'Overview', to: { view: 'overview' }, holds: ['overview', 'dataset'] },
    { title: 'Entries', to: { view: 'entries', dataset: '', prefix: '', after: '' }, holds: ['entries', 'entry'] },
    { title: 'Work', to: { view: 'fills', show: 'fills' }, holds: ['fills', 'fill'] },
    { title: 'Sources', to: { view: 'sources' }, holds: ['sources'] },
  ];

export function Head({ route }: { readonly route: Route }) {
  const { fills } = useStore(live);
  const { key, identity } = useStore(session);
  const busy = [...fills.values()].filter(({ fill }) => fill.kind === 'fill' && fill.state === 'running').length;
  return (
    <header class="head">
      <a class="brand" href={hrefOf({ view: 'overview' })}>
        <img src={mark} alt="" width="22" height="22" />
        Parqueue
      </a>
      <nav aria-label="Views">
        {NAVIGATION.map(({ title, to, holds }) => (
          <a key={title} href={hrefOf(to)} aria-current={holds.includes(route.view) ? 'page' : undefined}>
            {title}
            {title === 'Work' && busy > 0 ? (
              <span class="count" aria-label={`${busy} loading`}>
                {busy}
              </span>
            ) : null}
          </a>
        ))}
      </nav>
      <div class="head-tools">
        <Liveness />
        {key === null ? null : (
          <button
            type="button"
            class="quiet"
            title={identity === null ? undefined : `${identity.name}: ${identity.scopes.join(', ')}`}
            onClick={forgetKey}
          >
            Forget key
          </button>
        )}
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Liveness() {
  const { by } = useStore(live);
  const { state } = useStore(connection);
  const word =
    state !== 'ok' ? 'trouble' : by === 'stream' ? 'live' : by === 'polling' ? 'every few seconds' : 'connecting';
  return (
    <span
      class={`liveness liveness-${state === 'ok' ? by : 'trouble'}`}
      title={by === 'stream' ? 'Changes are shown as they happen.' : 'Changes are looked for every few seconds.'}
    >
      {word}
    </span>
  );
}

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const THEME_ITEM = 'parqueue.theme';

function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(
    () => THEMES.find((one) => one === localStorage.getItem(THEME_ITEM)) ?? 'auto',
  );
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(THEME_ITEM, theme);
  }, [theme]);
  return (
    <label class="theme">
      <span class="sr-only">Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
        {THEMES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}

export function Foot() {
  const { identity } = useStore(session);
  return (
    <footer class="foot">
      <nav aria-label="Elsewhere on this server">
        <a href="./docs">HTTP interface</a>
        {identity === null || identity.datasets.includes('*') ? <a href="./queues/">Queues</a> : null}
        <a href="./metrics">Metrics</a>
        <a href="./readyz">Readiness</a>
      </nav>
      <span class="faint">
        {identity === null
          ? ''
          : identity.open
            ? 'No keys are configured: everybody who reaches this server may do everything.'
            : identity.name}
      </span>
    </footer>
  );
}
