(() => {
  const veil = document.getElementById('zaptor-veil');
  const held = veil !== null && getComputedStyle(document.documentElement).filter.includes('blur');
  veil?.remove();
  return held ? 'unveiled' : 'gone';
})()
