//! Photographs as tensors.

use embarith_core::photograph::{self, Filter, Recipe};
use numpy::{PyReadonlyArray3, PyReadwriteArray3, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::support::{option_error, slice, to_python};

/// Writes the scaled, cut and normalised photograph into `out`.
#[expect(
    clippy::too_many_arguments,
    reason = "a recipe, flat, as Python passes it by name"
)]
#[pyfunction]
#[pyo3(signature = (rgb, out, *, scaled, corner, interpolation, antialias, mean, std))]
pub fn photograph_to_tensor(
    py: Python<'_>,
    rgb: PyReadonlyArray3<'_, u8>,
    mut out: PyReadwriteArray3<'_, f32>,
    scaled: [usize; 2],
    corner: [usize; 2],
    interpolation: &str,
    antialias: bool,
    mean: [f32; 3],
    std: [f32; 3],
) -> PyResult<()> {
    let &[height, width, 3] = rgb.shape() else {
        return Err(option_error(format!(
            "a photograph of shape {:?}",
            rgb.shape()
        )));
    };
    let &[3, rows, columns] = out.shape() else {
        return Err(option_error(format!("a tensor of shape {:?}", out.shape())));
    };
    let filter = match interpolation {
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        other => return Err(option_error(format!("no interpolation {other:?}"))),
    };
    let recipe = Recipe {
        scaled,
        corner,
        frame: [rows, columns],
        filter,
        antialias,
        mean,
        std,
    };
    let pixels = slice(&rgb)?;
    let tensor = out
        .as_slice_mut()
        .map_err(|error| option_error(error.to_string()))?;
    py.detach(|| photograph::to_tensor(pixels, [height, width], &recipe, tensor))
        .map_err(to_python)
}
