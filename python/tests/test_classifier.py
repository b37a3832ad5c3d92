"""Classifiers: what scikit-learn promises of them, and what there is beyond."""

import json
import pickle
import struct
import subprocess

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import modiste
from modiste import ImageClassifier

RECIPE = """
name = "small"
layers = [
  { type = "conv", filters = 4, kernel = 3, stride = 2, activation = "relu" },
  { type = "flatten" },
  { type = "dense", activation = "softmax" },
]
[training]
epochs = 6
batch = 16
"""


@pytest.fixture(scope="module")
def fitted(shapes):
    from conftest import SMALL

    return ImageClassifier(SMALL, random_state=0).fit(*shapes)


def tensors(model):
    """The tensors of a model file, by name: those of the network, not what it keeps of its images."""
    (length,) = struct.unpack("<Q", model[:8])
    header = json.loads(model[8 : 8 + length])
    values = model[8 + length :]
    named = {name: values[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}
    return {name: value for name, value in named.items() if not name.startswith("familiarity")}


def test_images_are_told_apart(fitted, shapes):
    images, labels = shapes
    assert fitted.score(images, labels) > 0.95
    assert list(fitted.classes_) == ["left", "middle", "top"]
    probabilities, logits = fitted.predict_proba(images), fitted.decision_function(images)
    assert np.allclose(probabilities.sum(axis=1), 1) and (probabilities.argmax(axis=1) == logits.argmax(axis=1)).all()
    assert fitted.explain(images[:2]).shape == (2, 8, 8)
    assert fitted.features(images[:2]).shape == (2, 4 * 3 * 3)


def test_images_are_the_same_whatever_they_lie_in(fitted, shapes, recipe):
    images, labels = shapes
    expected = fitted.predict_proba(images)
    for same in (images[..., None], images.reshape(240, 64), images.tolist(), np.asfortranarray(images)):
        assert (ImageClassifier(recipe, random_state=0).fit(same, labels).predict_proba(same) == expected).all()
    for floats, name in ((images / 255, "[0, 1]"), (images / 127.5 - 1, "[-1, 1]"), (images * 1.0, "[0, 255]")):
        again = ImageClassifier(recipe, random_state=0).fit(floats.astype(np.float32), labels)
        assert (again.predict_proba(floats.astype(np.float32)) == expected).all(), name
        # Bytes are bytes, whatever floats were.
        assert (again.predict_proba(images) == expected).all()


def test_the_range_of_floats_is_said(shapes, recipe, capsys):
    images, labels = shapes
    ImageClassifier(recipe, verbose=1, epochs=2).fit(images / 255, labels)
    said = capsys.readouterr().err
    assert "[0, 1]" in said and "epoch 2/2" in said


def test_the_weights_are_those_of_the_program(shapes, program, tmp_path):
    images, labels = shapes
    of_two = np.tile(labels != "middle", 3)
    sets = {
        # Nothing is tried for it, since each class has more than 200 images.
        "auto": (np.tile(images, (3, 1, 1))[of_two], np.tile(labels, 3)[of_two]),
        str(tmp_path / "small.toml"): (images, labels),
    }
    (tmp_path / "small.toml").write_text(RECIPE)
    for number, (recipe, (images, labels)) in enumerate(sets.items()):
        classes, numbers = np.unique(labels, return_inverse=True)
        data, out = tmp_path / f"{number}.npz", tmp_path / f"run-{number}"
        np.savez(data, x_train=images, y_train=numbers, x_test=images[:30], y_test=numbers[:30])
        command = [program, "train", recipe, "--data", data, "--seed", "5", "--epochs", "2", "--quiet", "--out", out]
        subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
        ours = ImageClassifier(recipe, random_state=5, epochs=2).fit(images, numbers)
        theirs = (out / "model.safetensors").read_bytes()
        assert tensors(ours.model_.to_bytes()) == tensors(theirs), recipe
        run = modiste.Run(out)
        assert run.confusion_matrix().sum() == 30 and run.confusion_matrix().shape == (len(classes),) * 2
        assert run.result["recipe"] in repr(run) and run.result["epochs"] == 2
        assert "<table>" in run._repr_html_() and "epochs = 2" in run.recipe
        assert (run.model.predict_proba(images) == ours.predict_proba(images)).all()


def test_the_history_is_a_table(shapes, recipe):
    pandas = pytest.importorskip("pandas")
    images, labels = shapes
    held_out = ImageClassifier(recipe, validation=0.25, random_state=0).fit(images, labels)
    table = pandas.DataFrame(held_out.history_)
    assert list(table["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert table["train_loss"].iloc[-1] < table["train_loss"].iloc[0]
    assert table["validation_accuracy"].between(0, 1).all()
    given = ImageClassifier(recipe, random_state=0).fit(images, labels, validation_data=(images[:60], labels[:60]))
    assert given.history_["validation_accuracy"][-1] == pytest.approx(given.score(images[:60], labels[:60]))
    # What is measured changes nothing.
    without = ImageClassifier(recipe, random_state=0).fit(images, labels)
    assert tensors(without.model_.to_bytes()) == tensors(given.model_.to_bytes())


def test_a_recipe_that_validates_on_test_images_needs_none(shapes, recipe):
    images, labels = shapes
    on_test = {**recipe, "data": {"validation": "test"}}
    assert "validation_loss" not in ImageClassifier(on_test, epochs=1).fit(images, labels).history_
    given = ImageClassifier(on_test, epochs=1).fit(images, labels, validation_data=(images, labels))
    assert "validation_loss" in given.history_


def test_a_model_is_saved_loaded_and_pickled(fitted, shapes, tmp_path):
    images, _ = shapes
    expected = fitted.predict_proba(images)
    fitted.save(tmp_path / "model.safetensors")
    for again in (
        ImageClassifier.load(tmp_path / "model.safetensors", n_jobs=1),
        ImageClassifier.load(tmp_path),
        pickle.loads(pickle.dumps(fitted)),
    ):
        assert (again.predict_proba(images) == expected).all() and list(again.classes_) == ["left", "middle", "top"]
    fitted.export_onnx(tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size > 500
    assert "model_" not in vars(clone(fitted))


def test_it_goes_where_classifiers_go(shapes, recipe):
    images, labels = shapes
    classifier = ImageClassifier(recipe, epochs=12, random_state=0, n_jobs=1)
    assert cross_val_score(classifier, images, labels, cv=3).mean() > 0.75
    assert cross_val_score(classifier, images, labels, cv=2, n_jobs=2).mean() > 0.75
    search = GridSearchCV(classifier, {"epochs": [1, 12]}, cv=2).fit(images, labels)
    assert search.best_params_ == {"epochs": 12}
    assert CalibratedClassifierCV(classifier, cv=2).fit(images, labels).score(images, labels) > 0.75
    pipeline = make_pipeline(FunctionTransformer(lambda images: images // 2 * 2), classifier)
    assert pipeline.fit(images, labels).score(images, labels) > 0.75


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"recipe": "vggg"}, "there is no recipe 'vggg'"),
        ({"recipe": {"name": "a", "layers": []}}, "lacks the field 'training'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1.5}, "batch_size is 1.5"),
        ({"validation": 1.5}, "validation is 1.5"),
        ({"random_state": -1}, "Seed must be"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(parameters, words, shapes, recipe):
    with pytest.raises(ValueError, match=words):
        ImageClassifier(**{"recipe": recipe, **parameters}).fit(*shapes)


def test_images_that_do_not_fit_are_refused(fitted, shapes, recipe):
    images, labels = shapes
    with pytest.raises(ValueError, match="features"):
        fitted.predict(images[:, :4])
    with pytest.raises(ValueError, match="NaN"):
        ImageClassifier(recipe).fit(np.where(images == 0, np.nan, images), labels)
    with pytest.raises(ValueError, match="labels that y has not"):
        ImageClassifier(recipe).fit(images, labels, validation_data=(images[:1], ["nothing"]))
    with pytest.raises(NotFittedError):
        ImageClassifier(recipe).predict(images)
    with pytest.raises(ValueError, match="classes"):
        ImageClassifier(recipe).fit(np.repeat(images, 4, axis=0), np.arange(960) // 2)


def test_what_diverges_is_said(shapes, recipe):
    steep = {**recipe, "optimiser": {"type": "sgd", "learning_rate": 1e30}}
    with pytest.raises(FloatingPointError, match="training diverged"):
        ImageClassifier(steep, random_state=0).fit(*shapes)


def test_files_that_are_not_there_are_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="cannot read"):
        ImageClassifier.load(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="not a valid model file"):
        ImageClassifier.load(tmp_path)


def test_the_summary_has_a_row_for_each_layer(fitted):
    summary = fitted.summary()
    assert summary["type"] == ["Conv2D", "Flatten", "Dense"]
    assert summary["output_shape"] == [[3, 3, 4], [36], [3]]
    assert summary["parameters"] == [4 * 9 + 4, 0, 36 * 3 + 3]
    assert sum(summary["parameters"]) == fitted.model_.parameter_count


def test_recipes_are_known_by_name():
    assert {"auto", "seed-mlp", "seed-vgg", "speedrun-94"} <= set(modiste.recipes())
