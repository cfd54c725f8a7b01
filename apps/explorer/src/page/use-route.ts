/** Follows the part of the address behind the #. A new view begins at its top, with its heading in focus. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { readRoute, type Route } from './route.ts';

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  const first = useRef(true);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  useEffect(() => {
    // Whoever opened the page has not asked to be taken anywhere.
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [hash]);
  return readRoute(hash);
}
