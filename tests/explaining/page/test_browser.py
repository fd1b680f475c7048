"""The page in Chromium: its numbers are elman's, and everything on it does what it says."""

import re
from dataclasses import replace

import numpy as np
import page_cases
import pytest

import elman
from elman import nn

MINUS = "\u2212"


def ramp_trace(kind=nn.RNN, **options):
    """Return the trace of a layer of 5 inputs and 2 units on rows of ones, twos and threes."""
    elman.manual_seed(1)
    layer = kind(5, 2, batch_first=True, **options)
    x = np.repeat([[[1.0], [2.0], [3.0]]], 5, axis=2).astype(np.float32)
    return elman.explain(layer, x)


def copied(page):
    """Return the arrays that "Copy as NumPy" gives, by name."""
    source = page.evaluate("(document.getElementById('copy').click(), window.copied)")
    found = {"np": np}
    exec(source, found)
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


def go(page, **parts):
    """Go to a view by its address."""
    page.evaluate(
        "address => { location.hash = address; return new Promise(requestAnimationFrame) }",
        "&".join(f"{name}={value}" for name, value in {"lang": "en", **parts}.items()),
    )


def lane_address(trace, k, t=0, **parts):
    layer, direction = divmod(k, trace.architecture.directions)
    return {"t": t, "layer": layer, "direction": ["forward", "reverse"][direction], **parts}


SET_FIELD = """
([name, index, text]) => {
  const field = document.querySelector(`input[data-array="${name}"][data-index="${index}"]`);
  field.focus();
  field.value = text;
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}
"""


def drawn(page):
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# ---- numbers ------------------------------------------------------------------------------------


def check_numbers(open_page, name):
    """Hold that states and gradients of every lane on the page are elman's."""
    trace = page_cases.case(name).trace
    page = open_page(trace)
    n = trace.length
    for k in range(trace.architecture.recurrences):
        go(page, **lane_address(trace, k, view="backward"))
        arrays = copied(page)
        np.testing.assert_allclose(arrays["h"], trace.h[k, :n], atol=1e-6)
        if trace.c is not None:
            np.testing.assert_allclose(arrays["c"], trace.c[k, :n], atol=1e-6)
        for letter, values in trace.gates.items():
            np.testing.assert_allclose(arrays[letter], values[k, :n], atol=1e-6)
        expected = page_cases.gradients_of_last_state(trace, k)
        norms = [np.linalg.norm(np.concatenate(expected[t])) for t in range(n)]
        np.testing.assert_allclose(arrays["gradient_norm"], norms, rtol=1e-5)


@pytest.mark.parametrize("name", page_cases.A_FEW)
def test_numbers_are_elmans(open_page, name):
    check_numbers(open_page, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(page_cases.CASES) - set(page_cases.A_FEW)))
def test_numbers_of_every_network_are_elmans(open_page, name):
    check_numbers(open_page, name)


@pytest.mark.parametrize("name", page_cases.A_FEW)
def test_an_edit_of_any_kind_is_computed_again_and_undone(open_page, name):
    case = page_cases.case(name)
    page = open_page(case.trace)
    before = copied(page)
    states = ["h_0"] if case.trace.c is None else ["h_0", "c_0"]
    changes = 0
    names = [f"{name}_l0" for name in case.trace.architecture.cell_shapes()]
    for array in [*names, "x", *states]:
        page.evaluate(SET_FIELD, [array, 0, f"{MINUS}0.75"])
        assert "You changed a value" in page.inner_text("#summary")
        found = copied(page)["h"]
        expected = page_cases.edited(page_cases.case(name), array, 0, -0.75).trace
        np.testing.assert_allclose(found, expected.h[0, : expected.length], atol=1e-6)
        changes += not np.array_equal(found, before["h"])
        page.evaluate("document.getElementById('undo').click()")
        for key, value in copied(page).items():
            np.testing.assert_array_equal(value, before[key])
    assert changes >= 3  # relu and short rows leave some edits without effect


def number(text):
    """Return what a number on the page says."""
    return float(text.replace(MINUS, "-"))


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_ledgers_add_up_within_rounding(open_page, kind):
    page = open_page(ramp_trace(kind))
    go(page, t=1)
    tables = page.evaluate(
        """[...document.querySelectorAll('table.ledger')].map(table =>
             [...table.rows].map(row => [row.className, [...row.cells].slice(0, -1).map(cell =>
               cell.querySelector('input')?.value ?? cell.textContent)]))"""
    )
    assert len(tables) == {nn.RNN: 2, nn.GRU: 3, nn.LSTM: 4}[kind]
    for rows in tables:
        terms, subtotals, reset, total = [], [], [], None
        for name, cells in rows:
            last = number(cells[-1])
            if name in ("term", "bias", "others"):
                terms.append(last)
                if name == "term":
                    factor, times = number(cells[1]), number(cells[3])
                    assert abs(factor * times - last) < 1e-4 * (1 + abs(factor) + abs(times))
            elif name == "subtotal":
                assert abs(sum(terms) - last) <= 0.5e-4 * (len(terms) + 1) + 1e-9
                subtotals.append(last)
                terms = []
            elif name == "reset":
                reset = [last]
            else:
                total = last
        parts = [subtotals[0], *reset] if reset else subtotals
        assert abs(sum(parts) - total) <= 1.5e-4 + 1e-9


def test_the_notebooks_own_figures_are_on_the_page(open_page):
    page = open_page(ramp_trace())
    go(page, t=1)
    sums = page.locator("table.ledger .subtotal td:not(.bars)").all_inner_texts()
    assert sums == [f"{MINUS}0.8888", "0.0518", "1.2364", f"{MINUS}0.2385"]
    chips = page.locator(".card .chip").all_inner_texts()
    assert chips == [f"{MINUS}0.6842", "0.7607"]
    assert f"[{MINUS}0.684243, 0.760743]" in page.inner_text("#agreement")
    go(page, t=1, view="backward")
    verdict = page.inner_text("#verdict")
    assert "6.1\u00a0×\u00a010⁻³" in verdict
    assert "×0.078 a step" in verdict
    assert "Vanishing" in verdict
    assert page.inner_text("#live").startswith(f"t = 1: h′ = {MINUS}0.68, 0.76")


# ---- looking around -----------------------------------------------------------------------------


def test_keys_move_through_time_but_not_in_fields(open_page):
    page = open_page(ramp_trace())
    where = page.locator("#where b")
    for key, t in [("ArrowRight", 1), ("End", 2), ("ArrowLeft", 1), ("Home", 0), ("ArrowLeft", 0)]:
        page.keyboard.press(key)
        assert where.inner_text() == f"t = {t}"
        assert f"t={t}" in page.evaluate("location.hash")
    field = page.locator("input.edit").first
    field.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert where.inner_text() == "t = 0"


def test_a_field_commits_steps_and_refuses_nonsense(open_page):
    trace = ramp_trace()
    page = open_page(trace)
    weight = float(trace.parameters["weight_ih_l0"][0, 0])
    field = page.locator('input[data-array="weight_ih_l0"][data-index="0"]')
    assert field.input_value() == "0.3643"
    assert page.locator("#undo").is_hidden()
    field.focus()
    assert field.input_value() == f"{weight:.9g}"
    page.keyboard.press("ArrowUp")
    drawn(page)
    focused = "document.activeElement.dataset.array"
    assert page.evaluate(focused) == "weight_ih_l0"
    assert float(field.input_value()) == pytest.approx(weight + 0.1)
    assert page.inner_text("#live").startswith("t = 0: h′ = ")
    assert page.locator("#undo").is_visible()
    field.fill("0.5")
    page.keyboard.press("Enter")
    drawn(page)
    assert page.evaluate(focused) == "weight_ih_l0"
    assert field.input_value() == "0.5"
    for nonsense in ("abc", "", "1e999"):
        field.fill(nonsense)
        page.keyboard.press("Enter")
        assert field.input_value() == "0.5"
    field.fill("0.25")
    page.keyboard.press("Tab")
    drawn(page)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "x[0, 0, 0]"
    assert field.input_value() == "0.2500"


def test_a_click_on_a_button_of_a_card_is_not_lost_to_an_edit(open_page):
    elman.manual_seed(1)
    trace = elman.explain(nn.RNN(3, 12), np.ones((3, 3), np.float32))
    page = open_page(trace)
    go(page, t=1)
    page.locator('input[data-array="weight_ih_l0"][data-index="0"]').fill("0.125")
    page.locator("tr.others button").click()
    drawn(page)
    assert page.locator("tr.term").count() == 3 + 12
    assert page.locator("#undo").is_visible()


def test_numbers_lead_to_their_multiplications(open_page):
    trace = page_cases.case("RNN, 2 layers, both ways").trace
    page = open_page(trace)
    go(page, **lane_address(trace, 3, t=1))
    page.locator('button.link[title^="t = 2: h[1]"]').first.click()
    assert page.locator("#step-title").inner_text() == "Step t = 2, opened · layer 1, reverse"
    page.locator('button.link[title^="layer 0, reverse"]').first.click()
    assert page.locator("#step-title").inner_text() == "Step t = 2, opened · layer 0, reverse"
    assert page.evaluate("document.activeElement.id") == "step-title"


def test_a_click_in_the_drawings_chooses_step_lane_and_unit(open_page):
    trace = page_cases.case("GRU, 2 layers, both ways").trace
    page = open_page(trace)
    go(page)
    page.locator("#states svg").click(position={"x": 40 + 64 * 3 + 10, "y": 24 * 2 + 5})
    assert page.locator("#where b").inner_text() == "t = 3"
    assert page.input_value("#unit") == "2"
    page.evaluate("scrollTo(0, 0)")
    box = page.locator('#network svg text:text-is("output[1, 2]")').bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] + 12)
    assert page.locator("#where b").inner_text() == "t = 2"
    assert page.input_value("#layer") == "1"
    assert page.input_value("#unit") == "0"
    page.select_option("#direction", "1")
    assert "layer 1, reverse" in page.inner_text("#step-title")


def test_play_goes_a_step_at_a_time_and_can_be_stopped(open_page):
    page = open_page(ramp_trace(), clock=True)
    page.click("#play")
    page.clock.run_for(1300)
    assert page.locator("#where b").inner_text() == "t = 1"
    page.click("#play")
    page.clock.run_for(5000)
    assert page.locator("#where b").inner_text() == "t = 1"
    page.click("#play")
    page.clock.run_for(5000)
    assert page.locator("#where b").inner_text() == "t = 2"
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_guess_first_hides_what_is_guessed_and_says_how_far_off(open_page):
    page = open_page(ramp_trace())
    go(page, t=1)
    page.click("#guess-first")
    blanks = page.locator('#network text:text-is("?")').count()
    assert blanks == 8  # two units of h and of output, at t = 1 and t = 2
    assert page.locator("#states .blank").count() == 4
    shown = page.inner_text("main")
    assert f"{MINUS}0.68" not in shown
    assert "0.7607" not in shown
    card = page.locator(".card").first
    reveal = card.locator("button", has_text="Reveal")
    assert reveal.is_disabled()
    card.get_by_role("button", name="negative").click()
    card.locator("input[type=range]").fill("-0.8")
    reveal.click()
    assert card.locator(".remark").inner_text() == "0.12 too low."
    assert page.inner_text("#live") == "0.12 too low."
    assert card.locator(".chip").inner_text() == f"{MINUS}0.6842"
    assert page.locator('#network text:text-is("?")').count() == 6
    other = page.locator(".card").nth(1)
    other.get_by_role("button", name="positive").click()
    other.locator("button", has_text="Reveal").click()
    assert page.locator('#network text:text-is("?")').count() == 0


def test_long_halves_open_on_demand(open_page):
    elman.manual_seed(1)
    trace = elman.explain(nn.RNN(12, 64, batch_first=True), np.ones((1, 50, 12), np.float32))
    page = open_page(trace)
    go(page, t=31, unit=17)
    assert "Showing steps 28–34 of 50." in page.inner_text("#network-note")
    box = page.locator("#network svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    title = page.get_attribute("#network .layers", "title")
    found = re.fullmatch(r"trace\.h\[0, (\d+), (\d+)\] = (\S+)", title)
    t, unit = int(found[1]), int(found[2])
    assert number(found[3]) == pytest.approx(trace.h[0, t, unit], abs=1e-6)
    others = page.locator("tr.others button")
    assert others.all_inner_texts() == ["6 others", "58 others"]
    assert page.locator("tr.term").count() == 12
    others.nth(1).click()
    assert page.locator("tr.term").count() == 6 + 64
    assert page.evaluate("document.activeElement.textContent") == "show fewer"
    assert page.locator("#states canvas").count() == 1
    assert page.locator("#equation canvas").count() >= 4


def test_a_network_too_large_says_what_it_shows(open_page):
    elman.manual_seed(1)
    layer = nn.LSTM(20, 230)
    x = np.random.default_rng(0).normal(size=(60, 20)).astype(np.float32)
    trace = elman.explain(layer, x)
    page = open_page(trace)
    go(page, t=2, unit=200, view="backward")
    assert "too large" in page.inner_text("#large")
    assert page.locator("input.edit").count() == 0
    chips = [number(text) for text in page.locator(".card .chip").all_inner_texts()]
    expected = [trace.gates[letter][0, 2, 200] for letter in "ifgo"]
    expected += [trace.c[0, 2, 200], trace.h[0, 2, 200]]
    np.testing.assert_allclose(chips, expected, atol=1e-4)
    norms = elman.gradient_flow(layer, x).norm
    np.testing.assert_allclose(copied(page)["gradient_norm"], norms, rtol=1e-5)
    go(page, t=59)
    stop = int(re.search(r"steps 0–(\d+)", page.inner_text("#large"))[1])
    assert f"steps 0–{stop} alone" in page.inner_text("#step-note")
    assert page.locator(".card").count() == 0


def test_padding_is_hatched_and_has_no_numbers(open_page):
    trace = page_cases.case("GRU, both ways, no bias, short row").trace
    assert (trace.length, trace.T) == (3, 5)
    page = open_page(trace)
    go(page, t=4)
    # For each of two steps: input, two lanes, two halves of output.
    assert page.locator("#network rect.padding").count() == 2 * 5
    assert page.locator("#states rect.padding").count() == 1
    assert "padding" in page.inner_text("#step-note")
    assert "3 valid steps" in page.inner_text("#network-note")
    assert page.locator(".card").count() == 0
    assert page.inner_text("#live") == "t = 4: padding."


def test_nan_is_named_and_ringed(open_page):
    elman.manual_seed(1)
    x = np.ones((1, 4, 3), np.float32)
    x[0, 2, 1] = np.nan
    page = open_page(elman.explain(nn.RNN(3, 2, batch_first=True), x))
    go(page, t=1)
    assert "not a number" not in page.inner_text("#step-note")
    go(page, t=2)
    assert "x[1] is not a number (NaN)" in page.inner_text("#step-note")
    assert page.locator("td .broken").count() > 0
    assert "NaN" in page.inner_text("#live")
    go(page, t=3, view="backward")
    assert "h[0] is not a number" in page.inner_text("#step-note")
    assert "no verdict" in page.inner_text("#verdict")


def test_cells_and_sequences_without_steps_have_pages(open_page):
    elman.manual_seed(1)
    for cell in (nn.RNNCell(3, 2), nn.GRUCell(3, 2), nn.LSTMCell(3, 2)):
        page = open_page(elman.explain(cell, np.ones(3, np.float32)))
        go(page)
        assert page.locator("#network").get_by_text("h′", exact=True).count() == 1
        assert "weight_ih[0, 0]" in page.locator("input.edit").first.get_attribute("aria-label")
    empty = elman.explain(
        nn.RNN(3, 2), [np.ones((2, 3), np.float32), np.ones((0, 3), np.float32)], row=1
    )
    page = open_page(empty)
    go(page)
    assert "no steps" in page.inner_text("#step-note")


# ---- languages, looks, safety -------------------------------------------------------------------


def test_both_languages_fill_every_place(open_page):
    page = open_page(page_cases.case("LSTM projected, 2 layers, both ways, short row").trace)
    for language, other in [("ko", "#english"), ("en", "#korean")]:
        go(page, lang=language, t=1, view="backward", guess="first")
        assert page.evaluate("document.documentElement.lang") == language
        places = page.locator("[data-text]")
        assert places.count() > 10
        assert "" not in places.all_text_contents()
        assert "undefined" not in page.inner_text("body")
        hangul = re.findall("[가-힣]+", page.inner_text("main"))
        assert bool(hangul) == (language == "ko")
        page.click(other)
        assert page.evaluate("document.documentElement.lang") != language


def test_dropout_that_is_left_out_is_said(open_page):
    x = np.ones((3, 2), np.float32)
    page = open_page(elman.explain(nn.RNN(2, 2, num_layers=2, dropout=0.5), x))
    assert "dropout is left out" in page.inner_text("#summary")
    page = open_page(elman.explain(nn.RNN(2, 2, num_layers=2, dropout=0.5).eval(), x))
    assert "dropout is left out" not in page.inner_text("#summary")


def test_the_language_follows_the_browser(open_page):
    korean = open_page(ramp_trace(), locale="ko-KR")
    assert korean.evaluate("document.documentElement.lang") == "ko"
    english = open_page(ramp_trace(), locale="fr-FR")
    assert english.evaluate("document.documentElement.lang") == "en"


EVIL = "</script><img src=x onerror=alert(1)><!--"


def test_names_stay_text(open_page):
    trace = ramp_trace()
    module = type("Evil", (), {"__repr__": lambda self: EVIL, "batch_first": True})()
    parameters = {**trace.parameters, EVIL: trace.parameters["bias_ih_l0"]}
    page = open_page(replace(trace, module=module, parameters=parameters))
    assert page.inner_text("#repr") == EVIL
    assert page.locator("img").count() == 0
    assert page.title() == f"{EVIL} · elman"


@pytest.mark.parametrize("width", [320, 390, 1200])
@pytest.mark.parametrize("name", ["RNN, 2 layers, both ways", "LSTM"])
def test_only_figures_scroll_sideways(open_page, name, width):
    page = open_page(page_cases.case(name).trace, viewport={"width": width, "height": 800})
    for language in ("en", "ko"):
        go(page, lang=language, t=1, view="backward", guess="first")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inner = page.evaluate(
            """[...document.querySelectorAll('body *')]
                 .filter(place => !place.closest('.figure, .card, svg, .aloud'))
                 .filter(place => place.getBoundingClientRect().right > innerWidth + 1)
                 .map(place => place.outerHTML)"""
        )
        assert inner == []


def test_time_stays_in_reach_on_a_phone(open_page):
    page = open_page(ramp_trace(), viewport={"width": 390, "height": 700})
    page.evaluate("scrollTo(0, 600)")
    box = page.locator(".stepper").bounding_box()
    assert box["y"] + box["height"] == pytest.approx(700, abs=1)
    for name in ("previous", "play", "next"):
        button = page.locator(f"#{name}").bounding_box()
        assert button["width"] >= 44
        assert button["height"] >= 44
    wide = open_page(ramp_trace(), viewport={"width": 1200, "height": 700})
    wide.evaluate("scrollTo(0, 600)")
    assert wide.locator(".bar").bounding_box()["y"] == pytest.approx(0, abs=1)


def test_everything_has_a_name_for_those_who_do_not_see_it(open_page):
    page = open_page(ramp_trace(nn.GRU))
    go(page, view="backward", guess="first", t=1)
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select, svg[role=img]')].filter(place =>
             !place.hidden && !(place.getAttribute('aria-label') || place.textContent.trim() ||
             place.labels?.length)).map(place => place.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("svg:not([role=img]):not([aria-hidden])").count() == 0
    assert page.locator("table.ledger tr:not(:has(th[scope=row]))").count() == 0
    assert page.locator("[style*=url]").count() == 0


def pixels(page, clip=None):
    """Return a screenshot as an array (height, width, 3) of shares."""
    import io

    from matplotlib.image import imread

    return imread(io.BytesIO(page.screenshot(clip=clip)), format="png")[..., :3]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("deficiency", ["none", "deuteranopia"])
def test_signs_differ_in_any_light_and_to_any_eye(open_page, scheme, deficiency):
    page = open_page(ramp_trace(), color_scheme=scheme)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": deficiency})
    go(page, t=2)
    box = page.locator("#states svg").bounding_box()
    picture = pixels(page, {"x": box["x"], "y": box["y"], "width": 240, "height": 50})
    # A corner of the cells of t = 2: -0.86 above, 0.90 below.
    negative, positive = picture[5, 40 + 64 * 2 + 5], picture[29, 40 + 64 * 2 + 5]
    assert np.linalg.norm(negative - positive) > 0.4
    ground = picture[5, 2]
    assert (ground.mean() < 0.2) == (scheme == "dark")
    page.click("#theme")
    assert (pixels(page)[5, 2].mean() < 0.2) == (scheme == "light")
