import { Moon, PanelRight, Sun } from 'lucide';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useWorld, type Interest } from './api/watch';
import { Desk } from './desk/Desk';
import { Sidebar } from './desk/Sidebar';
import { Tools } from './desk/Tools';
import { readRoute, withPhone, withoutPhone, writeRoute, type OpenPhone } from './model/route';
import { IconButton } from './parts/Icon';
import { PeopleProvider } from './parts/people';
import { useTheme } from './parts/theme';

/** The phones on the desk, kept in the page's address. */
function useDesk(): [OpenPhone[], (change: (desk: OpenPhone[]) => OpenPhone[]) => void] {
  const [desk, setDesk] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const follow = () => setDesk(readRoute(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const change = (next: (desk: OpenPhone[]) => OpenPhone[]) => {
    setDesk((now) => {
      const changed = next(now);
      history.replaceState(null, '', writeRoute(changed));
      return changed;
    });
  };
  return [desk, change];
}

function interestOf(desk: OpenPhone[]): Interest {
  return {
    phones: desk.map(({ phone }) => phone),
    chats: desk.flatMap(({ phone, peer }) => (peer ? [{ phone, peer }] : [])),
  };
}

export function App() {
  const [desk, change] = useDesk();
  const [world, shelf] = useWorld(useMemo(() => interestOf(desk), [desk]));
  const [theme, turnTheme] = useTheme();
  const [tools, setTools] = useState(() => matchMedia('(min-width: 1500px)').matches);

  const show = (phone: string, peer?: string) => change((now) => withPhone(now, phone, peer));
  const putAway = (phone: string) => change((now) => withoutPhone(now, phone));

  return (
    <PeopleProvider phones={world.phones}>
    <div class={`page ${tools ? 'with-tools' : ''}`}>
      <header class="top">
        <img src="phones.svg" alt="" width="26" height="26" />
        <h1>Phones</h1>
        <p class="quiet">A simulated WhatsApp. Nothing here leaves this machine.</p>
        <span class={`pill ${world.live ? 'good' : 'bad'}`} data-live={world.live} role="status">
          {world.live ? 'Live' : 'Connecting…'}
        </span>
        <IconButton
          icon={theme === 'dark' ? Sun : Moon}
          label={theme === 'dark' ? 'Light colours' : 'Dark colours'}
          onClick={turnTheme}
        />
        <IconButton
          icon={PanelRight}
          label="Faults and network"
          pressed={tools}
          onClick={() => setTools(!tools)}
        />
      </header>
      <Sidebar world={world} desk={desk} onShow={show} onPutAway={putAway} />
      <Desk world={world} shelf={shelf} desk={desk} onShow={show} onPutAway={putAway} />
      {tools && <Tools world={world} desk={desk} />}
    </div>
    </PeopleProvider>
  );
}
