/** What stands to the right of the open chat: who is in it, where something was said, who has read a message. */

import { EventEmitter } from '../base/emitter';
import type { ModuleTable } from '../registry';
import type { Chat } from './chats';
import type { Msg } from './messages';

export type Shown =
  | { what: 'info' | 'search'; chat: Chat }
  | { what: 'message'; chat: Chat; msg: Msg };

/** Says `change` when there is something else to see. */
class Drawer extends EventEmitter {
  #shown: Shown | undefined;

  /** Of the open chat alone: it closes with it. */
  get shown(): Shown | undefined {
    return this.#shown?.chat.active ? this.#shown : undefined;
  }

  show(shown: Shown): void {
    this.#shown = shown;
    this.trigger('change');
  }

  close(): void {
    this.#shown = undefined;
    this.trigger('change');
  }
}

export const drawer = new Drawer();

export const drawerModules: ModuleTable = {
  WAWebDrawerManager: { DrawerManager: { closeDrawerRight: async () => drawer.close() } },
};
