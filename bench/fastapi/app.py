"""Three models behind FastAPI, as its documentation and most tutorials do it: typed bodies, one session per model."""

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel

options = ort.SessionOptions()
# One thread, as the other servers: more of them spin, which costs CPU and brings nothing at these sizes.
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1


def load(name: str) -> ort.InferenceSession:
    return ort.InferenceSession(os.environ[f"MODEL_{name}"], options, providers=["CPUExecutionProvider"])


mlp, dense, forecast = load("MLP"), load("DENSE"), load("FORECAST")
app = FastAPI()


class Rows(BaseModel):
    instances: list[list[float]]


class Series(BaseModel):
    instances: list[list[list[float]]]


class RowPredictions(BaseModel):
    predictions: list[list[float]]


class SeriesPredictions(BaseModel):
    predictions: list[list[list[float]]]


def run(session: ort.InferenceSession, name: str, instances: list) -> list:
    return session.run(None, {name: np.asarray(instances, dtype=np.float32)})[0].tolist()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.post("/predict/mlp")
async def predict_mlp(body: Rows) -> RowPredictions:
    return RowPredictions(predictions=run(mlp, "x", body.instances))


@app.post("/predict/dense")
async def predict_dense(body: Rows) -> RowPredictions:
    return RowPredictions(predictions=run(dense, "x", body.instances))


@app.post("/predict/forecast")
async def predict_forecast(body: Series) -> SeriesPredictions:
    return SeriesPredictions(predictions=run(forecast, "history", body.instances))
