/**
 * Modules that some clients ask for by their names, while wa-js does without. They come last, so that
 * wa-js never meets them before the module that it looks for.
 */

import type { ModuleRegistry } from '../../registry';
import { drawerModules } from '../drawer';
import { namedMediaModules } from '../media';
import { namedMessageModules } from '../messages';
import { namedPollModules } from '../polls';
import { namedVcardModules } from '../vcards';
import { gatheredCollections } from './collections';
import { linkingModules } from './linking';
import { peopleModules } from './people';
import { textModules } from './text';

export function provideByName(registry: ModuleRegistry): void {
  registry.provide(linkingModules);
  registry.provide(textModules);
  registry.provide(peopleModules);
  registry.provide(drawerModules);
  for (const table of [namedMessageModules, namedMediaModules, namedPollModules, namedVcardModules]) {
    registry.provide(table);
  }
  // Nothing but a default: whatsapp-web.js gets it by `require`, wppconnect looks for the default itself.
  registry.provide({ WAWebCollections: { default: gatheredCollections(registry) } });
}
