/** All that wppconnect offers, and what of it the table leaves out. */

import { Whatsapp } from '@wppconnect-team/wppconnect';
import type { Remark, Surface } from '../rows';
import { methodsOf } from '../surface';

const offered: string[] = [...methodsOf(Whatsapp), 'create', 'catchQR', 'statusFind'];

const leftOut: readonly Remark[] = [
  {
    reason: 'Newsletters, communities and calls are no part of the sandbox',
    calls: [
      'createNewsletter', 'destroyNewsletter', 'editNewsletter', 'muteNesletter', 'createCommunity',
      'deactivateCommunity', 'addSubgroupsCommunity', 'removeSubgroupsCommunity', 'demoteCommunityParticipant',
      'promoteCommunityParticipant', 'getCommunityParticipants', 'rejectCall', 'onIncomingCall',
    ],
  },
  {
    reason: 'Catalogs, orders, payments, labels and business profiles belong to business accounts, which the sandbox does not have',
    calls: [
      'getBusinessProfilesProducts', 'getBusinessProfile', 'getOrderbyMsg', 'editBusinessProfile', 'sendImageWithProduct',
      'createProduct', 'getProducts', 'getProductById', 'editProduct', 'delProducts', 'changeProductImage',
      'addProductImage', 'removeProductImage', 'getCollections', 'createCollection', 'editCollection', 'deleteCollection',
      'setProductVisibility', 'updateCartEnabled', 'getOrder', 'sendOrderMessage', 'sendPixKey', 'onOrderStatusUpdate',
      'addNewLabel', 'addOrRemoveLabels', 'getAllLabels', 'getLabelById', 'deleteAllLabels', 'deleteLabel', 'onUpdateLabel',
    ],
  },
  {
    reason: 'Lists of chats and disappearing messages are not among what the sandbox keeps',
    calls: [
      'createList', 'getAllLists', 'addChatsToList', 'removeChatsFromList', 'renameList', 'deleteList',
      'setTemporaryMessages',
    ],
  },
  { reason: 'Messages of these kinds do not exist on the sandbox', calls: ['sendListMessage', 'onLiveLocation'] },
  {
    reason: 'Whoever has the link or is added is in a group: there are no requests',
    calls: ['approveGroupMembershipRequest', 'rejectGroupMembershipRequest', 'getGroupMembershipRequests'],
  },
  { reason: 'They convert with an ffmpeg of the machine before they send', calls: ['sendGif', 'sendGifFromBase64'] },
  {
    reason: 'The network has no part in it: the client does it alone, reads the browser\'s own database, does it no longer, or create has done it',
    calls: [
      'afterPageScriptInjected', 'downloadFile', 'getMessagesFromRowId', 'setLimit', 'registerEvent', 'log', 'initialize', 'afterPageLoad', 'start',
      'checkStart', 'checkQrCode', 'loginByCode', 'onLinkCode', 'refreshLinkCode', 'checkInChat', 'tryAutoClose',
      'startAutoClose', 'cancelAutoClose', 'getQrCode', 'waitForQrCodeScan', 'waitForInChat', 'waitForPageLoad',
      'waitForLogin', 'getBatteryLevel', 'startPhoneWatchdog', 'stopPhoneWatchdog', 'joinWebBeta',
    ],
  },
];

const known: readonly Remark[] = [
  { reason: 'The client sends the promise of an id in place of the id; that works on no page', calls: ['sendMessageOptions'] },
  {
    reason: 'The client asks a chat for `sendStarMsgs`; wa-js and whatsapp-web.js ask the page\'s commands, where WhatsApp Web has it',
    calls: ['starMessage: with a star', 'starMessage: without a star'],
  },
];

export const SURFACE: Surface = { offered, leftOut, known };
