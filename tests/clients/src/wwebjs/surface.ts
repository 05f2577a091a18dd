/** All that whatsapp-web.js offers, and what of it the table leaves out. */

import { createRequire } from 'node:module';
import wwebjs from 'whatsapp-web.js';
import type { Remark, Surface } from '../rows';
import { methodsOf } from '../surface';

const structures = createRequire(import.meta.url)('whatsapp-web.js/src/structures');
const InterfaceController = createRequire(import.meta.url)('whatsapp-web.js/src/util/InterfaceController');

const prefixed = (prefix: string, type: any, but: string[] = []): string[] =>
  methodsOf(type).filter((name) => !but.includes(name)).map((name) => `${prefix}.${name}`);

/** Node's own emitter is none of the client's calls. */
const EMITTER = methodsOf((await import('node:events')).EventEmitter);

const offered: string[] = [
  ...methodsOf(wwebjs.Client).filter((name) => !EMITTER.includes(name)),
  ...prefixed('Message', structures.Message),
  ...prefixed('Chat', structures.Chat),
  ...prefixed('GroupChat', structures.GroupChat, methodsOf(structures.Chat)),
  ...prefixed('Contact', structures.Contact),
  ...prefixed('GroupNotification', structures.GroupNotification),
  ...prefixed('Broadcast', structures.Broadcast),
  ...prefixed('interface', InterfaceController),
  ...new Set(Object.values(wwebjs.Events).map((name) => `event ${name}`)),
];

const leftOut: readonly Remark[] = [
  {
    reason: 'Channels (newsletters) are no part of the sandbox',
    calls: [
      'sendChannelAdminInvite', 'getChannels', 'getChannelByInviteCode', 'acceptChannelAdminInvite',
      'revokeChannelAdminInvite', 'demoteChannelAdmin', 'createChannel', 'subscribeToChannel', 'unsubscribeFromChannel',
      'transferChannelOwnership', 'searchChannels', 'deleteChannel',
    ],
  },
  {
    reason: 'Labels, customer notes, orders and payments belong to business accounts, which the sandbox does not have',
    calls: [
      'getLabels', 'getLabelById', 'getChatLabels', 'getChatsByLabelId', 'addOrRemoveLabels', 'Chat.getLabels',
      'Chat.changeLabels', 'addOrEditCustomerNote', 'getCustomerNote', 'Chat.addOrEditCustomerNote',
      'Chat.getCustomerNote', 'Message.getOrder', 'Message.getPayment',
    ],
  },
  {
    reason: 'Nobody calls on the sandbox, and there are no scheduled events',
    calls: ['event call', 'createCallLink', 'sendResponseToScheduledEvent', 'Message.editScheduledEvent'],
  },
  {
    reason: 'Whoever has the link or is added is in a group: there are neither requests nor private invitations',
    calls: [
      'getGroupMembershipRequests', 'approveGroupMembershipRequests', 'rejectGroupMembershipRequests',
      'GroupChat.getGroupMembershipRequests', 'GroupChat.approveGroupMembershipRequests',
      'GroupChat.rejectGroupMembershipRequests', 'event group_membership_request', 'acceptGroupV4Invite',
      'Message.acceptGroupV4Invite',
    ],
  },
  {
    reason: 'The whole history comes when a page is linked: there is nothing more to ask the phone for',
    calls: ['syncHistory', 'Chat.syncHistory'],
  },
  { reason: 'Nobody changes their number on the sandbox', calls: ['event contact_changed'] },
  { reason: 'Messages on the sandbox never come undecipherable', calls: ['event message_ciphertext', 'event message_ciphertext_failed'] },
  {
    reason: 'The page has no part in it: the client does it alone, never does it on today\'s WhatsApp, or the run itself stands on it',
    calls: [
      'inject', 'initialize', 'attachEventListeners', 'initWebVersionCache', 'destroy', 'setDeviceName',
      'event auth_failure', 'event remote_session_saved', 'event change_battery', 'interface.getFeatures',
      'interface.checkFeatureStatus', 'interface.enableFeatures', 'interface.disableFeatures',
    ],
  },
];

const known: readonly Remark[] = [
  {
    reason: 'Messages are not pinned to the top of a chat on the sandbox',
    calls: ['Message.pin', 'Message.unpin', 'getPinnedMessages', 'Chat.getPinnedMessages'],
  },
];

export const SURFACE: Surface = { offered, leftOut, known };
