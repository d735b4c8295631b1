// The page shows a verdict at once and sends it in the background, in order, until the server has said
// that it is on disk. Whatever is not, it says, and keeps.
"use strict";

const $ = (id) => document.getElementById(id);
const SAID = { keep: "kept", drop: "dropped" };
const RETRY = 1000;

let state = null;
let standing = []; // [word, image, verdict] that were not taken back, oldest first
let verdicts = new Map();
let outbox = []; // requests that the server has not confirmed
let sending = false;
let word = 0; // number of the word shown
let photo = 0; // and of its photograph

const key = (name, image) => JSON.stringify([name, image]);
const verdictOf = (w, p) => verdicts.get(key(w.word, p.image));
const judged = (w) => w.photos.filter((p) => verdictOf(w, p)).length;
const isDone = (w) => judged(w) === w.photos.length;
const counted = (part, whole) => `${part.toLocaleString("en")} of ${whole.toLocaleString("en")}`;
const source = (p) => `/photo/${state.run}/${p.number}`;

// -- verdicts -------------------------------------------------------------------------------------

function apply(name, image, verdict) {
  if (verdicts.get(key(name, image)) === verdict) return;
  standing.push([name, image, verdict]);
  verdicts.set(key(name, image), verdict);
  outbox.push({ path: "/verdict", body: { word: name, image, verdict }, after: standing.length });
}

function takeBack() {
  const [name, image] = standing.pop();
  const before = standing.findLast((one) => one[0] === name && one[1] === image);
  if (before) verdicts.set(key(name, image), before[2]);
  else verdicts.delete(key(name, image));
  outbox.push({ path: "/undo", body: { standing: standing.length + 1 }, after: standing.length });
  return [name, image];
}

// Take what the server has, and do again on top of it what it has not confirmed.
function adopt(fresh) {
  const waiting = outbox;
  outbox = [];
  state = fresh;
  standing = fresh.standing;
  verdicts = new Map(standing.map(([name, image, verdict]) => [key(name, image), verdict]));
  for (const { path, body } of waiting) {
    if (path === "/verdict") apply(body.word, body.image, body.verdict);
    else if (body.standing === standing.length && standing.length) takeBack();
  }
}

async function load() {
  const reply = await fetch("/state", { cache: "no-store" });
  if (!reply.ok) throw new Error(reply.statusText);
  return reply.json();
}

// After another run of the server, or another window, has changed what is on disk.
async function renew() {
  const fresh = await load();
  if (fresh.collection !== state.collection || fresh.reviewer !== state.reviewer) {
    throw new Error(`this address now serves ${fresh.collection} to ${fresh.reviewer}`);
  }
  const here = state.words[word];
  const image = here.photos[photo]?.image;
  adopt(fresh);
  word = Math.max(state.words.findIndex((w) => w.word === here.word), 0);
  photo = Math.max(state.words[word].photos.findIndex((p) => p.image === image), 0);
  showWord();
}

const pause = () => new Promise((resolve) => setTimeout(resolve, RETRY));

async function send() {
  if (sending) return;
  sending = true;
  while (outbox.length) {
    const first = outbox[0];
    try {
      const reply = await fetch(first.path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-embarith-token": state.token },
        body: JSON.stringify(first.body),
      });
      if (reply.ok) {
        outbox.shift();
        const onDisk = (await reply.json()).standing;
        if (onDisk !== first.after) {
          await renew();
          say("Another window has given verdicts too; they are shown now.");
        }
      } else if (reply.status === 403) {
        await renew();
      } else if (reply.status === 400) {
        const why = await reply.text();
        outbox.shift();
        await renew();
        say(`Not saved: ${why}.`);
      } else {
        throw new Error(await reply.text());
      }
      trouble("");
    } catch (fault) {
      const why = fault instanceof TypeError ? "the server does not answer; start it again" : fault.message;
      const count = outbox.length === 1 ? "1 entry is" : `${outbox.length} entries are`;
      trouble(`${count} not saved: ${why}. Leave this page open: it goes on trying.`);
      await pause();
    }
    showSaved();
  }
  sending = false;
  showSaved();
}

// -- what is done ---------------------------------------------------------------------------------

function judge(verdict) {
  const here = state.words[word];
  const one = here.photos[photo];
  if (!one) return;
  const place = photo;
  apply(here.word, one.image, verdict);
  if (photo + 1 < here.photos.length) photo += 1;
  else if (!isDone(here)) photo = here.photos.findIndex((p) => !verdictOf(here, p));
  showPhoto(place);
  showProgress();
  const all = state.words.every(isDone) ? "All words are done." : isDone(here) ? `All of ${here.word} judged: N for the next word.` : "";
  say(`${place + 1} ${SAID[verdict]}. ${all || describe(here, photo)}`);
  send();
}

function undo() {
  if (!standing.length) {
    say("No verdict to take back.");
    return;
  }
  const [name, image] = takeBack();
  const w = state.words.findIndex((one) => one.word === name);
  const p = w < 0 ? -1 : state.words[w].photos.findIndex((one) => one.image === image);
  if (p >= 0) {
    const before = photo;
    photo = p;
    if (w !== word) {
      word = w;
      showWord();
    } else {
      showPhoto(before);
    }
  }
  showProgress();
  say(`Taken back: ${name}, ${p < 0 ? image : describe(state.words[w], p)}`);
  send();
}

function move(step) {
  const before = photo;
  photo = Math.min(Math.max(photo + step, 0), state.words[word].photos.length - 1);
  showPhoto(before);
  say(describe(state.words[word], photo));
}

function goTo(number) {
  word = number;
  const unjudged = state.words[word].photos.findIndex((p) => !verdictOf(state.words[word], p));
  photo = Math.max(unjudged, 0);
  showWord();
  say(`${state.words[word].word}, ${judged(state.words[word])} of ${state.words[word].photos.length} judged. ${describe(state.words[word], photo)}`);
}

function nextWord() {
  if (word + 1 < state.words.length) goTo(word + 1);
  else if (state.words.every(isDone)) say("All words are done. You may close this page.");
  else goTo(state.words.findIndex((w) => !isDone(w)));
}

function previousWord() {
  if (word > 0) goTo(word - 1);
}

// -- what is shown --------------------------------------------------------------------------------

const describe = (w, at) => {
  const one = w.photos[at];
  return one ? `Photograph ${at + 1} of ${w.photos.length}, ${SAID[verdictOf(w, one)] ?? "not judged"}.` : "No photographs.";
};

function say(text) {
  $("said").textContent = text;
}

function trouble(text) {
  if ($("trouble").textContent === text) return;
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

function showSaved() {
  $("saved").textContent = outbox.length ? `${outbox.length} not yet saved` : "All saved";
}

function showProgress() {
  const words = state.words.filter((w) => w.photos.length);
  const total = words.reduce((sum, w) => sum + w.photos.length, 0);
  const count = words.reduce((sum, w) => sum + judged(w), 0);
  const done = words.filter(isDone).length;
  $("words-bar").max = words.length;
  $("words-bar").value = done;
  $("words-done").textContent = counted(done, words.length);
  $("photos-bar").max = total;
  $("photos-bar").value = count;
  $("photos-done").textContent = counted(count, total);
  const here = state.words[word];
  $("go").options[word].textContent = `${isDone(here) ? "✓ " : ""}${here.word}`;
  showSaved();
}

function showMark(at) {
  const here = state.words[word];
  const box = $(`photo-${at}`);
  if (!box) return;
  const verdict = verdictOf(here, here.photos[at]);
  box.classList.toggle("keep", verdict === "keep");
  box.classList.toggle("drop", verdict === "drop");
  box.classList.toggle("now", at === photo);
  box.setAttribute("aria-selected", String(at === photo));
  box.setAttribute("aria-label", describe(here, at));
}

function showPhoto(before) {
  const here = state.words[word];
  const one = here.photos[photo];
  showMark(before);
  if (!one) return;
  showMark(photo);
  const box = $(`photo-${photo}`);
  $("photographs").setAttribute("aria-activedescendant", box.id);
  box.scrollIntoView({ block: "nearest" });
  const verdict = verdictOf(here, one);
  const large = $("large");
  if (large.getAttribute("src") !== source(one)) {
    $("view").classList.remove("lost");
    large.src = source(one);
  }
  large.alt = `Photograph ${photo + 1} of ${here.photos.length} of ${here.word}`;
  $("verdict").textContent = verdict ? SAID[verdict] : "not judged";
  $("verdict").className = `badge ${verdict ?? ""}`;
  $("place").textContent = `${photo + 1} of ${here.photos.length}`;
  $("likeness").textContent = one.likeness === null ? "" : `mean cosine to the others ${one.likeness.toFixed(3)}`;
  $("image").textContent = one.image;
  document.title = `${here.word} ${photo + 1}/${here.photos.length} – embarith review`;
}

function question(text, name) {
  const item = document.createElement("li");
  for (const part of text.split(/(\s+)/)) {
    const same = part.toLowerCase() === name.toLowerCase();
    const node = same ? document.createElement("b") : document.createTextNode(part);
    if (same) node.textContent = part;
    item.append(node);
  }
  return item;
}

function showWord() {
  const here = state.words[word];
  $("word").textContent = here.word;
  $("sense").textContent = here.sense ? `searched for as “${here.sense}”` : "";
  $("sense").hidden = !here.sense;
  const items = here.questions.map((text) => question(text, here.word));
  if (here.more) items.push(question(`and ${here.more} more`, ""));
  $("questions").replaceChildren(...items);
  $("questions").setAttribute("aria-hidden", String(!items.length));
  $("go").selectedIndex = word;
  const boxes = here.photos.map((one, at) => {
    const box = document.createElement("div");
    box.id = `photo-${at}`;
    box.className = "photo";
    box.setAttribute("role", "option");
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.draggable = false;
    image.addEventListener("error", () => box.classList.add("lost"));
    image.src = source(one);
    const mark = document.createElement("span");
    mark.className = "mark";
    box.append(image, mark);
    box.addEventListener("click", () => move(at - photo));
    return box;
  });
  $("photographs").setAttribute("aria-label", `Photographs of ${here.word}`);
  $("photographs").replaceChildren(...boxes);
  boxes.forEach((_, at) => showMark(at));
  showPhoto(photo);
  showProgress();
  for (const one of state.words[word + 1]?.photos ?? []) new Image().src = source(one);
}

// -- keys -----------------------------------------------------------------------------------------

const columns = () => getComputedStyle($("photographs")).gridTemplateColumns.split(" ").length;

const LETTERS = {
  k: () => judge("keep"),
  d: () => judge("drop"),
  u: undo,
  n: nextWord,
  p: previousWord,
};
const ARROWS = {
  ArrowLeft: () => move(-1),
  ArrowRight: () => move(1),
  ArrowUp: () => photo - columns() >= 0 && move(-columns()),
  ArrowDown: () => photo + columns() < state.words[word].photos.length && move(columns()),
  Home: () => move(-photo),
  End: () => move(state.words[word].photos.length),
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select")) return;
  // Of other alphabets the place of the key counts.
  const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
  const act = ARROWS[event.key] ?? ($("keys").checked ? LETTERS[letter] : undefined);
  if (!act) return;
  event.preventDefault();
  // A letter held down would judge what nobody has looked at.
  if (!event.repeat || event.key in ARROWS) act();
}

async function start() {
  try {
    adopt(await load());
  } catch {
    trouble("The server does not answer; start it again, and load this page again.");
    return;
  }
  const names = state.words.map((w) => {
    const option = document.createElement("option");
    option.textContent = `${isDone(w) ? "✓ " : ""}${w.word}`;
    return option;
  });
  $("go").replaceChildren(...names);
  // Where the last verdict was given, or the first word after it that is not done.
  const last = standing.length ? state.words.findIndex((w) => w.word === standing.at(-1)[0]) : 0;
  const order = state.words.map((_, at) => (at + Math.max(last, 0)) % state.words.length);
  goTo(order.find((at) => !isDone(state.words[at])) ?? order[0]);
  $("keep").addEventListener("click", () => judge("keep"));
  $("drop").addEventListener("click", () => judge("drop"));
  $("undo").addEventListener("click", undo);
  $("previous").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("previous-word").addEventListener("click", previousWord);
  $("next-word").addEventListener("click", nextWord);
  $("go").addEventListener("change", () => {
    goTo($("go").selectedIndex);
    $("photographs").focus({ preventScroll: true });
  });
  $("large").addEventListener("error", () => $("view").classList.add("lost"));
  $("keys").checked = localStorage.getItem("letters") !== "off";
  $("keys").addEventListener("change", () => localStorage.setItem("letters", $("keys").checked ? "on" : "off"));
  document.addEventListener("keydown", onKey);
  window.addEventListener("beforeunload", (event) => {
    if (outbox.length) event.preventDefault();
  });
  $("photographs").focus({ preventScroll: true });
  document.body.dataset.ready = "yes";
}

start();
