// What the pages do more with a script; without it, every one of them works. No library, and nothing from elsewhere.
"use strict";
(() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- Search as you type: form[data-live] names the part of the page that its answer replaces.
  const live = find("form[data-live]");
  if (live) {
    const target = () => find(live.dataset.live);
    let timer = 0, running = null, asked = 0, composing = false, latest = address();

    function address() {
      const query = new URLSearchParams();
      for (const [name, value] of new FormData(live)) if (value !== "") query.append(name, value);
      const text = query.toString();
      return live.action.split("?")[0] + (text ? "?" + text : "");
    }

    async function search() {
      const wanted = address();
      if (composing || wanted === latest) return;
      const mine = ++asked;
      latest = wanted;
      running?.abort();
      running = new AbortController();
      target().classList.add("working");
      try {
        const answer = await load(wanted, running.signal, live.dataset.live);
        if (mine !== asked) return; // a newer question was asked meanwhile
        replace(answer);
        history.replaceState(null, "", wanted);
      } catch (error) {
        if (mine !== asked || error.name === "AbortError") return;
        latest = null;
        if (!composing) live.submit(); // the server's page says what is wrong
      } finally {
        if (mine === asked) target().classList.remove("working");
      }
    }

    const soon = (wait) => { clearTimeout(timer); timer = setTimeout(search, wait); };
    live.addEventListener("compositionstart", () => { composing = true; clearTimeout(timer); });
    live.addEventListener("compositionend", () => { composing = false; soon(150); });
    live.addEventListener("input", (event) => { if (!event.isComposing && !composing) soon(250); });
    live.addEventListener("submit", (event) => { event.preventDefault(); if (!composing) { clearTimeout(timer); search(); } });

    // --- A search that reads every page goes on by itself, until it is stopped.
    let stopped = false;
    async function goOn() {
      const more = find("[data-more]", target());
      if (!more || stopped) return;
      const mine = asked;
      find("[data-stop]", target())?.removeAttribute("hidden");
      try {
        const answer = await load(more.href);
        if (mine !== asked || stopped) return;
        const rows = all("tbody tr", find(live.dataset.live, answer));
        const before = all("tbody tr", target());
        const first = before.length > 0 && rows.length > 0;
        if (first) {
          rows.reverse().forEach((row) => before[before.length - 1].after(row));
          find("[data-progress]", target()).replaceWith(find("[data-progress]", find(live.dataset.live, answer)));
        } else if (rows.length || !before.length) {
          return replace(answer);
        } else {
          find("[data-progress]", target()).replaceWith(find("[data-progress]", find(live.dataset.live, answer)));
        }
        if (all("tbody tr", target()).length < 200) goOn();
      } catch { /* the link stays, and can be followed */ }
    }

    function replace(answer) {
      stopped = false;
      target().replaceWith(document.adoptNode(find(live.dataset.live, answer)));
      ready(target());
      goOn();
    }

    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-stop]")) { stopped = true; event.target.closest("[data-stop]").hidden = true; }
    });
    goOn();
  }

  // A page that says what is wrong with the question has the part, too, and is shown like any other.
  async function load(url, signal, part) {
    const response = await fetch(url, { signal, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (response.redirected || !(part ? find(part, page) : response.ok)) throw new Error(String(response.status));
    return page;
  }

  // --- Work under way: [data-poll] is fetched again every second until it says nothing of it any more.
  async function poll() {
    const box = find("[data-poll]");
    if (!box) return;
    await new Promise((done) => setTimeout(done, 1000));
    try {
      const fresh = find("#" + box.id, await load(box.dataset.poll));
      if (!fresh) { location.reload(); return; }
      box.replaceWith(document.adoptNode(fresh));
    } catch { /* try again */ }
    poll();
  }
  poll();

  // --- Selection: one box for all of the page, shift for a range, and a count.
  let last = null;
  function ready(root) {
    for (const box of all("[data-all]", root)) box.hidden = false;
    count();
  }
  function boxes() { return all("input[data-pick]"); }
  function count() {
    const picked = boxes().filter((box) => box.checked).length;
    for (const place of all("[data-count]")) place.textContent = place.dataset.count.replace("#", picked);
    const whole = find("input[data-all]");
    if (whole) {
      whole.checked = picked > 0 && picked === boxes().length;
      whole.indeterminate = picked > 0 && !whole.checked;
    }
  }
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement)) return;
    if (box.matches("[data-all]")) for (const one of boxes()) one.checked = box.checked;
    if (box.matches("[data-pick]")) {
      const row = boxes();
      if (event.shiftKey && last) {
        const [from, to] = [row.indexOf(last), row.indexOf(box)].sort((a, b) => a - b);
        if (from >= 0) for (const one of row.slice(from, to + 1)) one.checked = box.checked;
      }
      last = box;
    }
    if (box.matches("[data-all], [data-pick]")) count();
  });
  ready(document);

  // --- A form is sent once, however often its button is pressed; the server holds that too.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "1";
    setTimeout(() => { delete event.target.dataset.sent; }, 4000);
  });
  addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });

  // --- "/" goes to the search.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, textarea, select")) return;
    const field = find("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  });
})();
