// Gives the page its theme before anything is drawn; the app takes over when it has loaded (stores/settings.rs).
try {
  const settings = JSON.parse(localStorage.getItem("quern.settings") || "{}");
  if (settings.theme === "light" || settings.theme === "dark") {
    document.documentElement.dataset.theme = settings.theme;
  }
} catch {
  // Storage is forbidden or unreadable: the system's theme it is.
}
