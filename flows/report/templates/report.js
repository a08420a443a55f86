// Filters and pages. Without it the page shows every item, folded.
"use strict";
(() => {
  const PAGE = 20;
  const lists = [...document.querySelectorAll("[data-list]")].map((box) => ({
    box,
    items: [...box.querySelectorAll(":scope .item")].map((node) => ({
      node,
      sites: node.dataset.sites ? JSON.parse(node.dataset.sites) : null,
      rules: node.dataset.rules ? JSON.parse(node.dataset.rules) : null,
      text: null,
    })),
    limit: PAGE,
    button: null,
    status: null,
  }));
  const form = document.querySelector(".filters form");
  const [site, rule, text] = ["site", "rule", "text"].map((name) => form.elements[name]);
  const count = form.querySelector(".count");

  const matches = (item, words) =>
    (!site.value || item.sites?.includes(site.value)) &&
    (!rule.value || item.rules?.includes(rule.value)) &&
    words.every((word) => (item.text ??= item.node.textContent.toLowerCase()).includes(word));

  function show() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const filtered = Boolean(site.value || rule.value || words.length);
    const counts = [];
    for (const list of lists) {
      let found = 0;
      for (const item of list.items) {
        const hit = matches(item, words);
        item.node.hidden = !hit || found >= list.limit;
        found += hit;
      }
      const left = found - list.limit;
      list.button.hidden = left <= 0;
      list.button.textContent = `Show ${Math.min(PAGE, left)} more of ${left}`;
      list.status.hidden = found > 0 || !list.items.length;
      counts.push(`${found} ${list.box.dataset.list}`);
    }
    count.textContent = filtered ? `Matching: ${counts.join(", ")}` : "";
  }

  for (const list of lists) {
    list.status = Object.assign(document.createElement("p"), { className: "none", textContent: "Nothing here matches the filter." });
    list.button = Object.assign(document.createElement("button"), { type: "button" });
    list.button.addEventListener("click", () => {
      const next = list.items.filter((item) => !item.node.hidden).length;
      list.limit += PAGE;
      show();
      const first = list.items.filter((item) => !item.node.hidden)[next];
      first?.node.querySelector("summary")?.focus();
    });
    const more = Object.assign(document.createElement("p"), { className: "more" });
    more.append(list.button);
    const after = list.box.closest(".scroll") ?? list.box;
    after.after(list.status, more);
  }

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const list = target && lists.find((each) => each.box.contains(target));
    if (!target) return;
    if (list && target.hidden) {
      site.value = rule.value = text.value = "";
      list.limit = Math.max(list.limit, list.items.findIndex((item) => item.node === target) + 1);
      show();
    }
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  }

  for (const box of document.querySelectorAll(".commands")) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
    button.addEventListener("click", async () => {
      const commands = box.querySelector("pre");
      try {
        await navigator.clipboard.writeText(commands.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(commands); // a browser that forbids it: the keyboard's copy does the rest
        button.textContent = "Selected";
      }
    });
    box.append(button);
  }

  const again = () => {
    for (const list of lists) list.limit = PAGE;
    show();
  };
  form.addEventListener("input", again);
  form.addEventListener("reset", () => setTimeout(again));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  form.closest(".filters").hidden = false;
  show();
  reveal();
})();
