// One keystroke for the action that carries data-key; never while someone is writing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, select, textarea")) return;
  const target = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === event.key.toLowerCase(),
  );
  if (target) {
    event.preventDefault();
    target.click();
  }
});

// Line numbers beside a text that is checked by line.
for (const text of document.querySelectorAll("textarea[data-lines]")) {
  const lines = text.parentElement.querySelector(".lines");
  const count = () => {
    const wanted = text.value.split("\n").length;
    while (lines.children.length < wanted) {
      lines.append(Object.assign(document.createElement("li"), { textContent: lines.children.length + 1 }));
    }
    while (lines.children.length > wanted) lines.lastChild.remove();
    lines.scrollTop = text.scrollTop;
  };
  text.addEventListener("input", count);
  text.addEventListener("scroll", count);
  count();
}
