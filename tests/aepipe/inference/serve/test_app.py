"""What a served model answers over a real connection, and whom it refuses."""

import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import numpy as np
import pytest
from PIL import Image
from published_models import RECIPE, RELEASE
from serving import DIGITS, PNG, png_of, running

import aepipe
from aepipe.inference.serve import service

TOKEN = "0123456789abcdef-a-token"
# Longer than an answer takes: where none comes the test fails.
WAIT_SECONDS = 20


def test_codes_are_those_of_the_library_however_many_ask_at_once(client, digits_store):
    with ThreadPoolExecutor(20) as pool:
        bodies = [png_of(digit) for digit in DIGITS]
        answers = list(pool.map(lambda body: client.post("/encode", content=body, headers=PNG), bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert {(found["model"], found["release"]) for found in (answer.json() for answer in answers)} == {
        (RECIPE, RELEASE)
    }
    expected = aepipe.load(digits_store, RECIPE).encode(DIGITS / np.float32(255))
    np.testing.assert_allclose([answer.json()["code"] for answer in answers], expected, atol=1e-4)


def test_scores_are_those_of_the_library(client, digits_store):
    body, loaded = png_of(DIGITS[0]), aepipe.load(digits_store, RECIPE)
    found = client.post("/score?false_alarm_rate=0.2&score=mse", content=body, headers=PNG).json()
    (expected,) = loaded.score(DIGITS[:1] / np.float32(255), 0.2, "mse").to_dict("records")
    assert found["verdict"] == expected.pop("verdict")
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    assert (found["score_name"], found["false_alarm_rate"]) == ("mse", 0.2)
    assert found["promise"].startswith("Of pictures like the")
    refused = client.post("/score?score=best", content=body, headers=PNG)
    assert (refused.status_code, "combined" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("shape", [(20, 13), (31, 17, 3)])
def test_a_restored_picture_has_its_own_size_and_channels(client, digits_store, shape, monkeypatch):
    monkeypatch.setattr(service, "SMALL_PIXELS", 300)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    answer = client.post("/restore", content=png_of(pixels), headers=PNG)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["Content-Type"], answer.headers["X-Aepipe-Release"]) == ("image/png", RELEASE)
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    expected = aepipe.load(digits_store, RECIPE).restore(pixels[np.newaxis], (0, 255))[0]
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=1)


def test_a_restored_picture_of_16_bits_keeps_them(client):
    pixels = np.random.default_rng(0).integers(0, 65536, (9, 14), np.uint16)
    answer = client.post("/restore", content=png_of(pixels), headers=PNG)
    assert answer.status_code == 200, answer.text
    found = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert (found.shape, found.dtype) == ((9, 14), np.uint16)
    assert found.max() > 255


def test_jpegs_of_another_size_and_colour_are_taken(client):
    written = io.BytesIO()
    Image.new("RGB", (60, 60), (200, 30, 30)).save(written, "JPEG")
    answer = client.post("/encode", content=written.getvalue(), headers={"Content-Type": "image/jpeg; x=y"})
    assert answer.status_code == 200


def bomb() -> bytes:
    """A small file that says it has 10^10 pixels."""
    data = bytearray(png_of(np.zeros((8, 8), np.uint8)))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "A body is a PNG or a JPEG. Received: num_bytes=0."),
        (b"GIF89a", "A body is a PNG or a JPEG."),
        (png_of(DIGITS[0])[:60], "The file must be a picture that Pillow reads"),
        (bomb(), "A picture must have at most"),
    ],
    ids=["nothing", "another format", "cut off", "bomb"],
)
def test_what_is_no_picture_is_refused_in_one_line(client, body, said):
    answer = client.post("/encode", content=body, headers=PNG)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


def test_other_bodies_and_parameters_are_refused(client):
    picture = png_of(DIGITS[0])
    assert client.post("/encode", content=picture).status_code == 415
    assert client.get("/encode").status_code == 405
    answer = client.post("/score?false_alarm_rate=2", content=picture, headers=PNG)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("false_alarm_rate: ")


def test_pages_under_other_names_are_kept_out(client):
    answer = client.post("/encode", content=png_of(DIGITS[0]), headers={**PNG, "Host": "attacker.example"})
    assert answer.status_code == 403
    assert client.get("/healthz", headers={"Host": "10.0.0.1"}).status_code == 200


def test_metrics_count_answers_and_batches(client):
    client.post("/encode", content=b"", headers=PNG)
    text = client.get("/metrics").text
    assert 'aepipe_requests_total{status="422",use="encode"}' in text
    assert f'aepipe_model_info{{model="{RECIPE}",recipe="{RECIPE}",release="{RELEASE}"}} 1.0' in text
    assert "aepipe_waiting_requests 0.0" in text


@pytest.fixture(scope="module")
def strict(digits_store):
    """A server that asks for a token, and takes little."""
    with running(digits_store, token=TOKEN, max_bytes=1000, max_waiting=1, batch_ms=500) as client:
        yield client


@pytest.mark.parametrize("given", [{}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}])
def test_nobody_gets_in_without_the_token(strict, given):
    for answer in (strict.post("/encode", content=png_of(DIGITS[0]), headers={**PNG, **given}), strict.get("/metrics")):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert strict.get("/healthz").status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_was_read(strict):
    headers = {**PNG, "Authorization": f"Bearer {TOKEN}"}
    with closing(HTTPConnection(strict.base_url.host, strict.base_url.port, timeout=WAIT_SECONDS)) as announced:
        announced.request("POST", "/encode", headers={**headers, "Content-Length": "1001"})
        assert announced.getresponse().status == 413
    # One that does not say how long it is, and whose end never comes.
    with closing(HTTPConnection(strict.base_url.host, strict.base_url.port, timeout=WAIT_SECONDS)) as chunked:
        chunked.request("POST", "/encode", headers={**headers, "Transfer-Encoding": "chunked"})
        for _ in range(2):
            chunked.send(b"%x\r\n%s\r\n" % (600, bytes(600)))
        answer = chunked.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (413, "close")
    assert "aepipe_waiting_requests 0.0" in strict.get("/metrics", headers=headers).text


def test_who_comes_when_it_is_full_is_told_to_come_again(strict):
    headers = {**PNG, "Authorization": f"Bearer {TOKEN}"}
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(strict.post, "/encode", content=png_of(DIGITS[0]), headers=headers) for _ in range(6)]
        answers = [one.result() for one in asked]
    assert sorted({answer.status_code for answer in answers}) == [200, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["Retry-After"] == "1"
    assert "Come again" in refused.json()["detail"]
