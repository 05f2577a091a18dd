import { useEffect, useState } from 'preact/hooks';

export type Theme = 'light' | 'dark';

const KEPT = 'zaptor-phones-theme';

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept === 'dark' || kept === 'light' ? kept : null;
  } catch {
    // Storage may be forbidden; then the choice holds until the page is left.
    return null;
  }
}

/** Light or dark: as the system has it, until somebody chooses. */
export function useTheme(): [Theme, () => void] {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const [theme, setTheme] = useState<Theme>(chosen() ?? (system.matches ? 'dark' : 'light'));
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
  }, [theme]);
  useEffect(() => {
    const follow = () => chosen() ?? setTheme(system.matches ? 'dark' : 'light');
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, []);
  const turn = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    setTheme(next);
    try {
      localStorage.setItem(KEPT, next);
    } catch {
      // As above.
    }
  };
  return [theme, turn];
}
