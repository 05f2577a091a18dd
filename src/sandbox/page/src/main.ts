/**
 * The sandbox's page: a simulated WhatsApp Web. The modules come first, in the order in which wa-js
 * searches them; the globals that start wa-js come last.
 */

import { Collection } from './base/collection';
import { EventEmitter } from './base/emitter';
import { Model } from './base/model';
import { idModules } from './ids/modules';
import { addressBookModules } from './modules/address-book';
import { blocklistModules } from './modules/blocklist';
import { provideByName } from './modules/by-name/modules';
import { chatActionModules } from './modules/chat-actions';
import { chatModules } from './modules/chats';
import { connectionModules } from './modules/connection';
import { PAGE_VERSION, constantModules } from './modules/constants';
import { contactModules } from './modules/contacts';
import { editModules } from './modules/edits';
import { forwardModules } from './modules/forward';
import { groupActionModules } from './modules/group-actions';
import { groupEventModules } from './modules/group-events';
import { groupModules } from './modules/groups';
import { identityModules } from './modules/identity';
import { labelModules } from './modules/labels';
import { linkPreviewModules } from './modules/link-preview';
import { mediaModules } from './modules/media';
import { messageModules } from './modules/messages';
import { muteModules } from './modules/mute';
import { participantModules } from './modules/participants';
import { pollModules } from './modules/polls';
import { pinModules } from './modules/pins';
import { preferenceModules } from './modules/preferences';
import { syncProgressModules } from './modules/sync-progress';
import { presenceModules } from './modules/presence';
import { profileModules } from './modules/profile';
import { reactionModules } from './modules/reactions';
import { serverErrorModules } from './modules/server-error';
import { statusModules } from './modules/status';
import { vcardModules } from './modules/vcards';
import { wireModules } from './modules/wire';
import { ModuleRegistry, type Drift } from './registry';
import { Session } from './runtime/session';
import { Screen } from './view/screen';

/** Set by the server's script before this one: what has drifted. */
const { sandboxDrift } = globalThis as { sandboxDrift?: Drift[] };
const registry = new ModuleRegistry(sandboxDrift);
for (const table of [
  constantModules,
  idModules,
  {
    WAWebEventEmitter: { default: EventEmitter },
    // wa-js looks for `defineModel` beside the class.
    WAWebBaseModel: { BaseModel: Model, defineModel: <C>(model: C): C => model },
    WAWebBaseCollection: { BaseCollection: Collection },
    WAWebCollection: { default: Collection },
  },
  identityModules,
  pinModules,
  preferenceModules,
  syncProgressModules,
  serverErrorModules,
  connectionModules,
  contactModules,
  profileModules,
  blocklistModules,
  presenceModules,
  messageModules,
  participantModules,
  groupModules,
  groupActionModules,
  groupEventModules,
  muteModules,
  mediaModules,
  reactionModules,
  pollModules,
  editModules,
  forwardModules,
  linkPreviewModules,
  vcardModules,
  chatModules,
  chatActionModules,
  labelModules,
  statusModules,
  addressBookModules,
  wireModules,
]) registry.provide(table);
provideByName(registry);

// wa-js polls for the version to know that the page is starting: conn.main_init.
Object.assign(globalThis, { Debug: { VERSION: PAGE_VERSION } });

const root = document.getElementById('app');
if (root) new Screen(root);
void new Session().start(`wss://${location.host}/ws/chat`);
registry.install(globalThis);
