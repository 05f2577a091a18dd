import type { World } from '../api/watch';
import type { OpenPhone } from '../model/route';
import { Faults } from './Faults';
import { HistoryForm } from './HistoryForm';
import { NetworkForm } from './NetworkForm';

/** What an operator of the network can do to it. */
export function Tools({ world, desk }: { world: World; desk: OpenPhone[] }) {
  return (
    <aside class="tools" aria-label="Faults, history and network">
      <Faults phones={world.phones ?? []} first={desk[0]?.phone} standing={world.faults ?? []} />
      <HistoryForm phones={world.phones ?? []} first={desk[0]?.phone} />
      {world.network && <NetworkForm timing={world.network} />}
    </aside>
  );
}
