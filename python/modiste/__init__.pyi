from modiste.classifier import ImageClassifier as ImageClassifier
from modiste.classifier import recipes as recipes
from modiste.data import Data as Data
from modiste.data import data_check as data_check
from modiste.data import load_data as load_data
from modiste.run import Run as Run
from modiste.tsne import TSNE as TSNE

__all__ = ["TSNE", "Data", "ImageClassifier", "Run", "__version__", "data_check", "load_data", "recipes"]

__version__: str

def __dir__() -> list[str]: ...
