(() => {
  // Nothing that anybody wrote or could scan may be seen: text without colour, no pictures, no codes, and all of it blurred.
  // One that was left behind is no proof of this one.
  document.getElementById('zaptor-veil')?.remove();
  const style = document.createElement('style');
  style.id = 'zaptor-veil';
  style.textContent = `
    *, *::before, *::after, *::placeholder {
      color: transparent !important; -webkit-text-fill-color: transparent !important; text-shadow: none !important;
      caret-color: transparent !important; background-image: none !important; border-image: none !important;
      text-decoration-color: transparent !important; list-style: none !important; mask: none !important;
      transition: none !important; animation: none !important;
    }
    canvas, img, picture, video, svg, iframe, object, embed, meter, progress, input[type=range] {
      visibility: hidden !important;
    }
    html { filter: blur(3px) !important; }`;
  document.documentElement.append(style);
  return new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(() => {
    // A page may forbid styles, or have stronger ones.
    const veiled = style.isConnected && getComputedStyle(document.documentElement).filter.includes('blur');
    if (!veiled) style.remove();
    resume(veiled ? 'veiled' : 'bare');
  })));
})()
