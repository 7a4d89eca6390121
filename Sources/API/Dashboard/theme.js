// Before anything is drawn: the theme that this browser was asked for, so that the page does not flash.
try {
  const theme = localStorage.getItem("neuroscope.view.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* a browser may keep nothing */ }
