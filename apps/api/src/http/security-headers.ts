/** What every answer tells browsers, and what pages may load: of this server, and of nobody else. */

const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Of a page of this server: its own scripts, styles and data. Nothing inline, nothing of another host. */
export const PAGE_POLICY = `${NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'`;

/** Of the page of /queues, whose program wants a base for its addresses. */
export const BOARD_POLICY = PAGE_POLICY.replace("base-uri 'none'", "base-uri 'self'");

/** Of every answer. A page puts a policy of its own in place of the first. HSTS is for whoever ends TLS in front of this. */
export const SECURITY_HEADERS = {
  'content-security-policy': NOTHING,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;
