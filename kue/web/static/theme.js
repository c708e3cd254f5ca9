// Sets the colours that the reader chose, before the page is drawn.
try {
  const theme = localStorage.getItem("kue.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage, the colours are those of the system.
}
