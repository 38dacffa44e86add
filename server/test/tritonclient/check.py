"""Calls a server with tritonclient, the reference client of the protocol. Arguments: host:port and the key."""

import sys
import unittest

import numpy
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

address, key = sys.argv[1:3]


def headers():
    """Anew for each call: the client puts its own headers into what it is given."""
    return {"x-api-key": key}


def given(name, array, datatype, binary=True):
    value = InferInput(name, list(array.shape), datatype)
    value.set_data_from_numpy(array, binary_data=binary)
    return value


class Check(unittest.TestCase):
    def setUp(self):
        self.client = InferenceServerClient(address)
        self.addCleanup(self.client.close)

    def refused(self, status, text, call, *arguments, **named):
        with self.assertRaises(InferenceServerException) as caught:
            call(*arguments, headers=headers(), **named)
        self.assertEqual(caught.exception.status(), str(status))
        self.assertRegex(caught.exception.message(), text)

    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("two", headers=headers()))
        self.assertTrue(self.client.is_model_ready("two", "1", headers=headers()))
        self.assertFalse(self.client.is_model_ready("absent", headers=headers()))
        self.assertFalse(self.client.is_model_ready("two"))

    def test_metadata_and_config(self):
        server = self.client.get_server_metadata(headers=headers())
        self.assertEqual(server["name"], "roundhouse")
        self.assertIn("binary_tensor_data", server["extensions"])
        model = self.client.get_model_metadata("two", headers=headers())
        self.assertEqual(model["versions"], ["1"])
        self.assertEqual(model["inputs"][0], {"name": "a", "datatype": "FP32", "shape": [-1, 2]})
        config = self.client.get_model_config("two", headers=headers())
        self.assertEqual([value["name"] for value in config["output"]], ["sum", "difference"])

    def test_repository(self):
        def state():
            index = self.client.get_model_repository_index(headers=headers())
            return {entry["name"]: entry["state"] for entry in index}["moved"]

        self.assertEqual(state(), "READY")
        self.client.unload_model("moved", headers=headers())
        self.assertEqual(state(), "UNAVAILABLE")
        self.assertFalse(self.client.is_model_ready("moved", headers=headers()))
        self.client.load_model("moved", headers=headers())
        self.assertEqual(state(), "READY")
        self.assertTrue(self.client.is_model_ready("moved", headers=headers()))
        self.refused(404, "absent", self.client.load_model, "absent")
        self.refused(501, "config", self.client.load_model, "moved", config="{}")

    def test_statistics(self):
        def rows():
            (model,) = self.client.get_inference_statistics("counted", headers=headers())["model_stats"]
            return model["inference_count"], model["execution_count"], model["inference_stats"]["success"]["count"]

        before = rows()
        array = numpy.ones((5, 2), numpy.float32)
        self.client.infer("counted", [given("a", array, "FP32"), given("b", array, "FP32")], headers=headers())
        self.assertEqual([after - past for after, past in zip(rows(), before)], [5, 1, 1])
        everything = self.client.get_inference_statistics(headers=headers())["model_stats"]
        self.assertIn("two", [model["name"] for model in everything])

    def test_infer_in_every_form(self):
        a = numpy.array([[1.5, numpy.nan], [numpy.inf, -2]], numpy.float32)
        b = numpy.array([[1, 2], [3, 4]], numpy.float32)
        for left in (True, False):
            for right in (True, False):
                for answer in (True, False, None):
                    outputs = None if answer is None else [
                        InferRequestedOutput("difference", binary_data=answer),
                        InferRequestedOutput("sum", binary_data=not answer),
                    ]
                    inputs = [given("a", a, "FP32", left), given("b", b, "FP32", right)]
                    if not left:
                        # The client writes NaN bare, which is no JSON; the server takes the strings.
                        inputs[0]._data = [1.5, "NaN", "Infinity", -2]
                    result = self.client.infer("two", inputs, outputs=outputs, request_id="7", headers=headers())
                    self.assertEqual(result.get_response()["id"], "7")
                    self.assertEqual(result.get_response()["model_version"], "1")
                    # NaN in JSON comes as a string, which numpy reads as the number.
                    numpy.testing.assert_array_equal(result.as_numpy("sum").astype(numpy.float32), a + b)
                    numpy.testing.assert_array_equal(result.as_numpy("difference").astype(numpy.float32), a - b)

    def test_compression_both_ways(self):
        a = numpy.arange(4000, dtype=numpy.float32).reshape(-1, 2)
        for request in ("gzip", "deflate", None):
            for response in ("gzip", "deflate", None):
                for binary in (True, False):
                    inputs = [given("a", a, "FP32", binary), given("b", a, "FP32", binary)]
                    result = self.client.infer(
                        "two",
                        inputs,
                        outputs=[InferRequestedOutput("sum", binary_data=binary)],
                        request_compression_algorithm=request,
                        response_compression_algorithm=response,
                        headers=headers(),
                    )
                    numpy.testing.assert_array_equal(result.as_numpy("sum"), a + a)

    def test_strings(self):
        words = numpy.array(["one", "Zürich €", "", "two"], dtype=object)
        for binary in (True, False):
            result = self.client.infer("echo", [given("x", words, "BYTES", binary)], headers=headers())
            self.assertEqual([word.decode() for word in result.as_numpy("y")], list(words))

    def test_halves_and_long_integers(self):
        halves = numpy.array([1.5, -0.25, 65504, 6e-8], numpy.float16)
        result = self.client.infer("half", [given("x", halves, "FP16")], headers=headers())
        numpy.testing.assert_array_equal(result.as_numpy("y"), halves)
        json = [InferRequestedOutput("y", binary_data=False)]
        self.refused(400, "binary_data", self.client.infer, "half", [given("x", halves, "FP16")], outputs=json)
        longs = numpy.array([2**53 + 1, -(2**63), 2**63 - 1, 0], numpy.int64)
        for binary in (True, False):
            outputs = [InferRequestedOutput("y", binary_data=binary)]
            inputs = [given("x", longs, "INT64", binary)]
            result = self.client.infer("long", inputs, outputs=outputs, headers=headers())
            numpy.testing.assert_array_equal(result.as_numpy("y"), longs)

    def test_classification_and_parameters(self):
        a = numpy.array([[1, 3], [5, 2]], numpy.float32)
        zero = numpy.zeros((2, 2), numpy.float32)
        outputs = [InferRequestedOutput("sum", class_count=1)]
        inputs = [given("a", a, "FP32"), given("b", zero, "FP32")]
        result = self.client.infer(
            "two", inputs, outputs=outputs, parameters={"note": "a"}, priority=1, timeout=5_000_000, headers=headers()
        )
        self.assertEqual([word.decode() for word in result.as_numpy("sum").ravel()], ["3:1", "5:0"])

    def test_several_at_once(self):
        client = InferenceServerClient(address, concurrency=4)
        self.addCleanup(client.close)
        arrays = [numpy.full((1, 2), number, numpy.float32) for number in range(40)]
        waiting = [
            client.async_infer("two", [given("a", array, "FP32"), given("b", array, "FP32")], headers=headers())
            for array in arrays
        ]
        for array, request in zip(arrays, waiting):
            numpy.testing.assert_array_equal(request.get_result().as_numpy("sum"), array * 2)

    def test_errors_say_what_is_wrong(self):
        a = numpy.ones((1, 2), numpy.float32)
        both = [given("a", a, "FP32"), given("b", a, "FP32")]
        self.refused(404, "no model named absent", self.client.infer, "absent", both)
        self.refused(404, "no version 9", self.client.infer, "two", both, model_version="9")
        self.refused(400, "'b' is missing", self.client.infer, "two", both[:1])
        wide = numpy.ones((1, 3), numpy.float32)
        wrong = [given("a", wide, "FP32"), both[1]]
        self.refused(400, r"expected shape \[-1,2\].*got \[1,3\]", self.client.infer, "two", wrong)
        doubled = [given("a", a.astype(numpy.float64), "FP64"), both[1]]
        self.refused(400, "expected datatype FP32, got FP64", self.client.infer, "two", doubled)
        outputs = [InferRequestedOutput("product")]
        self.refused(400, "no output 'product'", self.client.infer, "two", both, outputs=outputs)
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer("two", both)
        self.assertEqual(caught.exception.status(), "401")
        self.assertRegex(caught.exception.message(), "x-api-key")
        with self.assertRaises(InferenceServerException) as caught:
            self.client.infer("two", both, headers={"Authorization": "Bearer wrong"})
        self.assertRegex(caught.exception.message(), "not valid")
        bearer = {"Authorization": f"Bearer {key}"}
        numpy.testing.assert_array_equal(self.client.infer("two", both, headers=bearer).as_numpy("sum"), a + a)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
