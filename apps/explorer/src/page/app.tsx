/** The page: its head with the way around, a word where the server is in trouble, the view, its foot. */
import type { Principal } from '@parqueue/client';
import { useEffect } from 'preact/hooks';
import { follow, pause } from './api/live.ts';
import { askJson, lookAtReadiness } from './api/request.ts';
import { connection, session } from './api/session.ts';
import { useStore } from './api/store.ts';
import { Announcement } from './parts/announce.tsx';
import { Empty } from './parts/notice.tsx';
import { hrefOf, type Route } from './route.ts';
import { Foot, Head } from './shell.tsx';
import { useRoute } from './use-route.ts';
import { DatasetView } from './views/dataset.tsx';
import { Entries } from './views/entries.tsx';
import { EntryView } from './views/entry.tsx';
import { FillView } from './views/fill.tsx';
import { Fills } from './views/fills.tsx';
import { KeyForm } from './views/key-form.tsx';
import { Overview } from './views/overview.tsx';
import { SourcesView } from './views/sources.tsx';

const READINESS_CALM_MS = 15_000;
const READINESS_TROUBLE_MS = 3_000;

export function App() {
  const route = useRoute();
  const { key, wanted } = useStore(session);
  useIdentity(key);
  useServer(key, wanted === 'none');
  const title = titleOf(route);
  useEffect(() => {
    document.title = `${title} · Parqueue`;
  }, [title]);
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        Skip to the content
      </a>
      <Head route={route} />
      <Banner />
      <main id="content" tabIndex={-1}>
        {wanted === 'none' ? <View route={route} /> : <KeyForm />}
      </main>
      <Foot />
      <Announcement />
    </>
  );
}

/** The address names the view, so this one may not go into it. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function View({ route }: { readonly route: Route }) {
  switch (route.view) {
    case 'overview':
      return <Overview />;
    case 'dataset':
      return <DatasetView key={route.name} name={route.name} />;
    case 'entries':
      return <Entries dataset={route.dataset} prefix={route.prefix} after={route.after} />;
    case 'entry':
      return <EntryView key={route.key} cacheKey={route.key} />;
    case 'fills':
      return <Fills show={route.show} />;
    case 'fill':
      return <FillView key={route.id} id={route.id} />;
    case 'sources':
      return <SourcesView />;
    case 'lost':
      return (
        <>
          <h1 tabIndex={-1}>There is no such view</h1>
          <Empty title={`Nothing is shown at ${route.path}.`}>
            <p>
              <a href={hrefOf({ view: 'overview' })}>To the overview</a>
            </p>
          </Empty>
        </>
      );
  }
}

function Banner() {
  const { state, detail } = useStore(connection);
  if (state === 'ok') return null;
  const words = {
    'redis-away': 'Redis is away. What is shown may be old; what needs Redis is asked for again until it is back.',
    'store-away': 'The store cannot be reached. Rows cannot be read until it is back.',
    unreachable: 'The server does not answer. What is shown may be old; it is asked again until it does.',
  }[state];
  return (
    <div class="banner" role="alert">
      <strong>{words}</strong> <span class="banner-detail">{detail}</span>
    </div>
  );
}

/** Who the key is, so that what it may not do need not be tried. */
function useIdentity(key: string | null): void {
  useEffect(() => {
    const left = new AbortController();
    askJson<Principal>('/v1/whoami', { signal: left.signal }).then(
      (identity) => session.set({ ...session.get(), identity }),
      // Not told; the server says no where it must.
      () => undefined,
    );
    return () => left.abort();
  }, [key]);
}

/** Follows the work and asks how the server stands, while the page is open. */
function useServer(key: string | null, allowed: boolean): void {
  useEffect(() => {
    if (!allowed) return;
    const left = new AbortController();
    void follow(left.signal);
    return () => left.abort();
  }, [key, allowed]);
  useEffect(() => {
    const left = new AbortController();
    void keepLooking(left.signal);
    return () => left.abort();
  }, []);
}

async function keepLooking(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!document.hidden) await lookAtReadiness(signal);
    await pause(connection.get().state === 'ok' ? READINESS_CALM_MS : READINESS_TROUBLE_MS, signal);
  }
}

function titleOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return 'Overview';
    case 'dataset':
      return route.name;
    case 'entries':
      return 'Entries';
    case 'entry':
      return route.key;
    case 'fills':
      return 'Work';
    case 'fill':
      return route.id;
    case 'sources':
      return 'Sources';
    case 'lost':
      return 'Not there';
  }
}
