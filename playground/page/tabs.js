// Tabs as the keyboard expects them: one of them is reached by Tab, the others by arrows.

const tabs = [...document.querySelectorAll("[role=tab]")];

export function show(tab) {
  for (const other of tabs) {
    const is_it = other === tab;
    other.setAttribute("aria-selected", String(is_it));
    other.tabIndex = is_it ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !is_it;
  }
}

const moves = {
  ArrowRight: (at) => (at + 1) % tabs.length,
  ArrowLeft: (at) => (at + tabs.length - 1) % tabs.length,
  Home: () => 0,
  End: () => tabs.length - 1,
};

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => show(tab));
  tab.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const next = tabs[move(at)];
    show(next);
    next.focus();
  });
}
