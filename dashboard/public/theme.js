// Runs before the first paint, so that a dark dashboard never flashes white.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem('parlour.theme');
  } catch {
    // Storage may be switched off: follow the system.
  }
  const isDark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
})();
