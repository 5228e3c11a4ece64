"""The forms on the page: core ipywidgets controls over the models of `toastnb.forms`."""
