/* Keyboard, pausing of what refreshes itself, and small conveniences. Every screen works without it. */
"use strict";
(() => {
  let after = null;
  const typing = (el) => el.matches("input, select, textarea, [contenteditable]");
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
    if (after === "g") {
      after = null;
      const link = document.querySelector(`.zij a[data-toets="${CSS.escape(e.key)}"]`);
      if (link) { e.preventDefault(); link.click(); }
      return;
    }
    if (e.key === "g") { after = "g"; setTimeout(() => { after = null; }, 1500); }
    else if (e.key === "/") { const q = document.querySelector("[data-zoek]"); if (q) { e.preventDefault(); q.focus(); } }
    else if (e.key === "?") { location.href = "/console/hulp"; }
    else if (e.key === "p") { const b = document.querySelector("[data-pauze]"); if (b) b.click(); }
    else if (e.key === "j" || e.key === "k") {
      const links = [...document.querySelectorAll("tbody a[href]:first-of-type")].filter((a) => a.closest("td, th").cellIndex === 0);
      if (!links.length) return;
      const at = links.indexOf(document.activeElement);
      links[Math.min(links.length - 1, Math.max(0, at + (e.key === "j" ? 1 : -1)))].focus();
    }
  });
  document.addEventListener("click", (e) => {
    const pause = e.target.closest("[data-pauze]");
    if (pause) {
      const on = pause.getAttribute("aria-pressed") !== "true";
      pause.setAttribute("aria-pressed", String(on));
      pause.textContent = on ? pause.dataset.verder : pause.dataset.pauze;
    }
    const print = e.target.closest("[data-druk]");
    if (print) window.print();
  });
  document.addEventListener("htmx:beforeRequest", (e) => {
    const stopped = document.querySelector('[data-pauze][aria-pressed="true"]');
    if (e.target.matches("[data-vernieuwt]") && (stopped || document.hidden)) e.preventDefault();
  });
  // What refreshes itself must say when it no longer does: old figures look like new ones.
  const lost = document.querySelector("[data-verbroken]");
  const noAnswer = (e) => {
    if (!lost || !lost.hidden || !e.target.matches("[data-vernieuwt]") || (e.detail.xhr && e.detail.xhr.status && e.detail.xhr.status < 500)) return;
    lost.textContent = `${lost.dataset.verbroken} ${new Date().toLocaleTimeString("nl-BE")}.`;
    lost.hidden = false;
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, noAnswer);
  document.addEventListener("htmx:afterOnLoad", (e) => { if (lost && e.target.matches("[data-vernieuwt]") && e.detail.successful !== false) lost.hidden = true; });
  const reachable = () => {
    // What scrolls sideways must be scrollable by keyboard too (WCAG 2.1.1).
    for (const el of document.querySelectorAll(".rol")) {
      if (el.scrollWidth > el.clientWidth) el.tabIndex = 0; else el.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reachable);
  addEventListener("resize", reachable);
  document.addEventListener("change", (e) => {
    if (e.target.matches("[data-stuur]")) e.target.form.requestSubmit();
  });
})();
