// What the pay page does where JavaScript runs: it follows the status, counts down, copies, and shows times as the
// reader's clock has them. All else works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const live = document.getElementById("live");
  if (!live) return;
  const announcer = document.getElementById("announcer");
  const screen = () => live.firstElementChild;

  // The time that is left, counted from when the screen came: the reader's clock may be wrong, so only its difference
  // counts.
  let came = Date.now();
  const count = () => {
    const clock = live.querySelector("[data-left]");
    if (!clock) return;
    const left = Math.max(0, Number(clock.dataset.left) - Math.floor((Date.now() - came) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    const minutes = Math.floor(left / 60) % 60;
    clock.textContent = (hours ? `${hours}:${two(minutes)}` : minutes) + ":" + two(left % 60);
    clock.classList.toggle("soon", left <= 60);
    const bar = clock.parentElement.nextElementSibling;
    if (bar) bar.value = left;
  };

  const localTimes = () => {
    const own = navigator.languages.find((tag) => tag.startsWith(root.lang)) || root.lang;
    const form = new Intl.DateTimeFormat(own, { dateStyle: "long", timeStyle: "short" });
    for (const time of live.querySelectorAll("time.local")) time.textContent = form.format(new Date(time.dateTime));
  };

  // A new screen in place of the old one. Focus stays where it was, and a changed status is read out.
  // The same version is the same screen with less time left.
  const show = (html) => {
    const sent = document.createElement("template");
    sent.innerHTML = html;
    const next = sent.content.firstElementChild;
    const before = screen().dataset;
    if (next.dataset.version === before.version) {
      const [clock, present] = [live, next].map((one) => one.querySelector("[data-left]"));
      if (clock && present) clock.dataset.left = present.dataset.left;
      came = Date.now();
      return;
    }
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    live.replaceChildren(next);
    came = Date.now();
    arrange();
    const { status, title } = screen().dataset;
    document.title = title;
    if (focused) (document.getElementById(focused) || document.getElementById("content")).focus({ preventScroll: true });
    if (status !== before.status) announcer.textContent = status;
  };
  const arrange = () => { localTimes(); count(); };

  // The stream sends the present screen at once, and again whenever it changes. A browser that lost it asks again by
  // itself; if the server refuses it, the page loads again.
  let stream;
  const follow = () => {
    if (stream) stream.close();
    if (screen().dataset.follow !== "yes" || !window.EventSource) return;
    stream = new EventSource(live.dataset.live);
    stream.addEventListener("live", (event) => {
      show(event.data);
      if (screen().dataset.follow !== "yes") stream.close();
    });
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 20000);
    };
  };
  // A phone stops the page while the wallet is in front.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { count(); follow(); } });

  const copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Refused, or an old browser: the text is selected, for the reader to copy.
      getSelection().selectAllChildren(button.parentElement.querySelector(".value"));
      return;
    }
    const label = button.textContent;
    if (button.classList.contains("is-done")) return;
    button.classList.add("is-done");
    button.textContent = announcer.textContent = button.dataset.done;
    setTimeout(() => {
      button.classList.remove("is-done");
      button.textContent = label;
      announcer.textContent = "";
    }, 2000);
  };
  live.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if ("print" in button.dataset) print();
  });

  arrange();
  setInterval(count, 1000);
  follow();
})();
