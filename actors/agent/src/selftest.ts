/**
 * What the agent needs of wa-js and WhatsApp Web, looked at before the first use. wa-js' own functions are always
 * there; what they stand on is WhatsApp's, found anew in every page by its looks, and absent where WhatsApp has changed
 * it. So the table names what lies beneath, and where something can be tried without any effect, it is tried.
 */

/** What something is needed for. The engine decides what an account can do without. */
export type Purpose =
  | 'link'
  | 'pairing'
  | 'phone_code'
  | 'probe'
  | 'send'
  | 'receive'
  | 'acks'
  | 'look_up'
  | 'backfill'
  | 'log_out'
  | 'names';

export interface Missing {
  name: string;
  needed_for: Purpose[];
}

interface Need {
  /** Paths below WPP; any of them will do. Each leads to a function. */
  paths: string[];
  for: Purpose[];
  /** Tries it; false or an exception means that it has another shape. Must have no effect. */
  fits?: (wpp: Wpp) => boolean;
}

/** wa-js, of which nothing is certain here. */
type Wpp = any;

/** A number of nobody, for ids that are made to be looked at. */
const NOBODY = '10000000000@c.us';

// Not here: what wa-js wraps once a page is ready (`handleChatSimpleReceipt`, `handleGroupSimpleReceipt`). Whoever looks at
// it before wa-js does keeps it from wrapping it, and no receipt is told any more.
const NEEDS: Need[] = [
  { paths: ['conn.isAuthenticated'], for: ['link'] },
  { paths: ['whatsapp.functions.isAuthenticated', 'whatsapp.functions.isLoggedIn'], for: ['link'] },
  { paths: ['conn.getStreamData'], for: ['link'], fits: (wpp) => 'mode' in wpp.conn.getStreamData() },
  { paths: ['whatsapp.Stream.on'], for: ['link'] },
  { paths: ['conn.getMyUserWid'], for: ['link', 'probe', 'send'] },
  {
    paths: ['whatsapp.UserPrefs.getMaybeMeUser', 'whatsapp.UserPrefs.getMaybeMePnUser'],
    for: ['link', 'probe', 'send'],
  },
  { paths: ['conn.refreshQR'], for: ['pairing'] },
  { paths: ['whatsapp.Cmd.refreshQR'], for: ['pairing'] },
  { paths: ['conn.startLinkDeviceCodeForPhoneNumber'], for: ['phone_code'] },
  { paths: ['whatsapp.Conn.on'], for: ['pairing'] },
  { paths: ['whatsapp.Socket.on'], for: ['pairing'] },
  { paths: ['conn.logout'], for: ['log_out'] },
  { paths: ['whatsapp.Socket.logout'], for: ['log_out'] },
  { paths: ['whatsapp.functions.getErrorCodeFromLogoutReason'], for: ['log_out'] },
  { paths: ['profile.getMyProfileName'], for: ['names'] },
  { paths: ['whatsapp.functions.getPushname'], for: ['names'] },
  { paths: ['whatsapp.ApiContact.getPhoneNumber'], for: ['names'] },
  { paths: ['whatsapp.functions.getStatus'], for: ['probe'] },
  {
    paths: ['whatsapp.WidFactory.createWid'],
    for: ['send', 'look_up'],
    fits: (wpp) => {
      const wid = wpp.whatsapp.WidFactory.createWid(NOBODY);
      return wid.server === 'c.us' && `${wid.user}@c.us` === NOBODY && wid.toString() === NOBODY;
    },
  },
  {
    paths: ['whatsapp.MsgKey'],
    for: ['send', 'look_up'],
    fits: (wpp) => {
      const to = wpp.whatsapp.WidFactory.createWid(NOBODY);
      const key = new wpp.whatsapp.MsgKey({ from: to, to, id: '3EB0', selfDir: 'out' });
      return key.id === '3EB0' && key.fromMe === true && key.remote.toString() === NOBODY;
    },
  },
  { paths: ['whatsapp.MsgKey.fromString'], for: ['look_up', 'backfill'] },
  { paths: ['chat.find'], for: ['send'] },
  { paths: ['chat.sendTextMessage'], for: ['send'] },
  { paths: ['whatsapp.functions.addAndSendMsgToChat'], for: ['send'] },
  { paths: ['whatsapp.functions.findOrCreateLatestChat'], for: ['send'] },
  { paths: ['whatsapp.functions.getEphemeralFields'], for: ['send'] },
  {
    paths: ['whatsapp.functions.unixTime'],
    for: ['send'],
    fits: (wpp) => {
      const now = wpp.whatsapp.functions.unixTime();
      // Seconds, not milliseconds; whose clock is right is no matter here.
      return now > 1_000_000_000 && now < 100_000_000_000;
    },
  },
  { paths: ['whatsapp.functions.queryWidExists'], for: ['send'] },
  { paths: ['whatsapp.ChatStore.get'], for: ['send', 'look_up', 'backfill'] },
  {
    paths: ['whatsapp.ChatStore.getModelsArray'],
    for: ['backfill'],
    fits: (wpp) => Array.isArray(wpp.whatsapp.ChatStore.getModelsArray()),
  },
  { paths: ['whatsapp.MsgStore.on'], for: ['receive', 'acks'] },
  { paths: ['whatsapp.MsgStore.get'], for: ['look_up', 'backfill'] },
  {
    paths: ['whatsapp.MsgStore.getModelsArray'],
    for: ['send', 'look_up', 'backfill'],
    fits: (wpp) => Array.isArray(wpp.whatsapp.MsgStore.getModelsArray()),
  },
  { paths: ['chat.getMessageById'], for: ['look_up'] },
  { paths: ['chat.getMessages'], for: ['backfill'] },
  { paths: ['whatsapp.functions.msgFindByDirection', 'whatsapp.functions.msgFindQuery'], for: ['backfill'] },
];

/** What this page lacks of what serves any of `purposes` (everything, if none are named), in the table's order. */
export function missing(wpp: object, purposes?: readonly Purpose[]): Missing[] {
  return NEEDS.filter((need) => !purposes || need.for.some((purpose) => purposes.includes(purpose)))
    .filter((need) => !isMet(wpp, need))
    .map((need) => ({ name: need.paths[0] ?? '', needed_for: need.for }));
}

function isMet(wpp: Wpp, need: Need): boolean {
  if (!need.paths.some((path) => typeof follow(wpp, path) === 'function')) return false;
  try {
    return need.fits?.(wpp) ?? true;
  } catch {
    return false;
  }
}

function follow(wpp: Wpp, path: string): unknown {
  try {
    return path.split('.').reduce((here, name) => here?.[name], wpp);
  } catch {
    return undefined;
  }
}
