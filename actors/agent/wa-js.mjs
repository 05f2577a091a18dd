/**
 * The one thing that is changed in wa-js on its way into `dist`.
 *
 * wa-js binds itself to WhatsApp's modules once the page has registered no new one for 750 ms, because what listens
 * earlier may find nothing to listen to and never hear (its pull request 3499). That time is a guess at "the page has
 * booted", and a linked page says so itself: `Socket.hasSynced` is the very moment at which whatsapp-web.js, on real
 * pages, takes the modules and puts up its listeners. So a page that has synced is bound after a short quiet; any other
 * (pairing, still synchronising, one where these names have changed) after wa-js' own.
 */

/** No module for this long is enough on a page that has synced, in milliseconds. */
export const QUIET_SYNCED_MS = 250;
/** How often wa-js looks, in milliseconds; 100 of its own. One look counts the modules. */
const POLL_MS = 50;

/** Only looked at, and only once the page has named its version, as whatsapp-web.js does: never before its boot. */
const HAS_SYNCED =
  '(()=>{try{return!!self.Debug?.VERSION&&!0===self.require("WAWebSocketModel").Socket.hasSynced}catch{return!1}})()';

const NOTICE = `/* Changed by Zaptor: a page that has synced is bound after ${QUIET_SYNCED_MS} ms without a new module. */\n`;

/** The settings of wa-js' wait, the names that its build has given them, and the comparison that ends it. */
const WAIT = /quiet:(?<quiet>\w)=750,timeout:\w=2e4,poll:(?<poll>\w)=100\}.{0,400}?Date\.now\(\)-\w>=\k<quiet>(?=\))/gs;

/** wa-js with the wait cut short; throws where it has no such wait, for then somebody has to look at what it does now. */
export function settlingSooner(source) {
  const found = [...source.matchAll(WAIT)];
  const [wait] = found;
  if (!wait || found.length > 1) {
    throw new Error(`wa-js has ${found.length} waits for its modules to settle, not one: look at its loader`);
  }
  const { quiet, poll } = wait.groups;
  const changed = wait[0]
    .replace(`poll:${poll}=100`, `poll:${poll}=${POLL_MS}`)
    .replace(new RegExp(`>=${quiet}$`), `>=(${HAS_SYNCED}?${QUIET_SYNCED_MS}:${quiet})`);
  const start = wait.index;
  return withNotice(source.slice(0, start) + changed + source.slice(start + wait[0].length));
}

/** Behind the first line, which points to the licences. */
function withNotice(source) {
  const end = source.indexOf('\n') + 1;
  return source.slice(0, end) + NOTICE + source.slice(end);
}
