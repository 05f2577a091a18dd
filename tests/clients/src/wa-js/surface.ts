/** All that wa-js offers in the areas of the table, and what of it the table leaves out. */

import type { Remark, Surface } from '../rows';
import { EVENTS, type Session } from './session';

const AREAS = ['chat', 'contact', 'group', 'profile', 'blocklist', 'status', 'conn', 'indexdb'];

/** Whole areas that have no rows. Each is left out by its name. */
const OTHER_AREAS = [
  'newsletter', 'community', 'call', 'catalog', 'cart', 'order', 'labels', 'lists', 'privacy',
];

/** What Zaptor's agent asks for beside the areas. */
const AGENT = [
  'functions.getStatus', 'functions.queryWidExists', 'WidFactory', 'ApiContact', 'ChatStore', 'MsgStore', 'MsgKey',
].map((name) => `whatsapp.${name}`);

export async function surface(session: Session): Promise<Surface> {
  const calls: string[] = await session.ask(`a.flatMap((area) => Object.keys(WPP[area])
    .filter((name) => typeof WPP[area][name] === 'function' && !/^[A-Z]/.test(name)).map((name) => area + '.' + name))`, AREAS);
  const offered = [...calls, ...OTHER_AREAS.map((area) => `${area}.*`), ...AGENT, ...EVENTS.map((name) => `event ${name}`)];
  return { offered, leftOut, known };
}

const leftOut: readonly Remark[] = [
  {
    reason: 'Newsletters, communities and calls are no part of the sandbox',
    calls: ['newsletter.*', 'community.*', 'call.*', 'event call.incoming_call', 'chat.sendScheduledCallMessage'],
  },
  {
    reason: 'Catalogs, orders, payments, labels, notes and business profiles belong to business accounts, which the sandbox does not have',
    calls: [
      'catalog.*', 'cart.*', 'order.*', 'labels.*', 'event order.payment_status', 'event chat.update_label',
      'chat.getNotes', 'chat.setNotes', 'chat.sendCatalogMessage', 'chat.sendChargeMessage', 'chat.sendPixKeyMessage',
      'contact.getBusinessProfile', 'profile.editBusinessProfile',
    ],
  },
  {
    reason: 'Lists of chats and privacy settings are not among what the sandbox keeps',
    calls: ['lists.*', 'privacy.*'],
  },
  {
    reason: 'Messages of these kinds do not exist on the sandbox',
    calls: [
      'chat.sendEventMessage', 'chat.sendListMessage', 'chat.prepareMessageButtons', 'chat.replyToButtonMessage',
      'chat.requestPhoneNumber', 'chat.keepMessage', 'event chat.live_location_start', 'event chat.live_location_update',
      'event chat.live_location_end',
    ],
  },
  {
    reason: 'Whoever has the link or is added is in a group: there are neither requests nor private invitations',
    calls: ['group.approve', 'group.reject', 'group.getMembershipRequests', 'chat.sendGroupInviteMessage'],
  },
  {
    reason: 'Nobody on the sandbox has a user name, and nobody is reported',
    calls: ['contact.getUsername', 'contact.queryUsernameExists', 'contact.reportContact'],
  },
  {
    reason: 'The network has no part in it: wa-js does it alone, reads the browser\'s own database, or changes the page itself',
    calls: [
      'conn.changeEnviromentDevice', 'conn.getABPropName', 'conn.getABProps', 'conn.getABPropsMap', 'conn.joinWebBeta',
      'chat.rehydrateMessage', 'indexdb.getMessagesFromRowId', 'conn.setKeepAlive', 'conn.setLimit', 'conn.setMultiDevice', 'event config.update',
    ],
  },
];

const known: readonly Remark[] = [
  { reason: 'Messages are not pinned to the top of a chat on the sandbox', calls: ['chat.pinMsg', 'chat.unpinMsg'] },
  { reason: 'Status posts on the sandbox go to everybody who is not blocked', calls: ['status.updateParticipants'] },
];
