//! One way out of the GIL, one place where core errors become Python exceptions.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use embarith_core::vectors_io::Fault;
use embarith_core::{Control, Error};
use numpy::ndarray::Dimension;
use numpy::{Element, PyReadonlyArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyKeyboardInterrupt, PyMemoryError, PyValueError};
use pyo3::prelude::*;

pyo3::import_exception!(embarith.errors, FormatError);

/// How often a waiting thread looks for Ctrl-C and reports progress.
const POLL: Duration = Duration::from_millis(20);

/// Turns a core error into the Python exception that fits it.
pub fn to_python(error: Error) -> PyErr {
    let class = match error {
        Error::Interrupted => return PyKeyboardInterrupt::new_err(()),
        Error::Memory(_) => return PyMemoryError::new_err(error.to_string()),
        Error::File(error) | Error::Vectors(Fault::Io(error)) => return error.into(),
        Error::Vectors(fault) => return FormatError::new_err(fault.to_string()),
        Error::Threads(_) | Error::InstructionSet(_) | Error::Size(..) => "OptionError",
        Error::Direction(_) | Error::Changed(_) | Error::Shadow(_) => "TableError",
        _ => return PyValueError::new_err(error.to_string()),
    };
    Python::attach(|py| {
        let class = py.import("embarith.errors")?.getattr(class)?;
        let value = class.call1((error.to_string(),))?;
        if let Error::Direction(row) | Error::Changed(row) = error {
            value.setattr("row", row)?;
        }
        Ok(PyErr::from_value(value))
    })
    .unwrap_or_else(|failed: PyErr| failed)
}

/// Runs `work` without the GIL; Ctrl-C cancels it, `progress(done, total)` hears how far it is.
pub fn interruptible<T: Send>(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    total: u64,
    work: impl FnOnce(&Control) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let control = Control::default();
    let control = &control;
    py.detach(|| {
        std::thread::scope(|scope| {
            let (send, finished) = channel();
            scope.spawn(move || {
                // The receiver outlives this thread, so that sending cannot fail.
                let _ = send.send(work(control));
            });
            let mut stopped: PyResult<()> = Ok(());
            loop {
                match finished.recv_timeout(POLL) {
                    Ok(result) => return stopped.and_then(|()| result.map_err(to_python)),
                    Err(RecvTimeoutError::Disconnected) => panic!("a search thread panicked"),
                    Err(RecvTimeoutError::Timeout) if stopped.is_ok() => {
                        stopped = Python::attach(|py| {
                            py.check_signals()?;
                            progress.map_or(Ok(()), |call| {
                                call.call1(py, (control.done(), total)).map(drop)
                            })
                        });
                        if stopped.is_err() {
                            control.cancel();
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    })
}

/// A value that Python passed and that has no meaning here.
pub fn option_error(message: String) -> PyErr {
    PyValueError::new_err(message)
}

/// The values of a C-contiguous array, in place.
pub fn slice<'a, T: Element, D: Dimension>(
    array: &'a PyReadonlyArray<'_, T, D>,
) -> PyResult<&'a [T]> {
    if !array.is_c_contiguous() {
        let (dtype, strides) = (array.dtype(), array.strides());
        return Err(option_error(format!(
            "an array of {dtype} with strides {strides:?} is not C-contiguous"
        )));
    }
    array
        .as_slice()
        .map_err(|error| option_error(error.to_string()))
}
